//! Decodes the objects of a data lake with the official crate, and does nothing with what comes out.
//!
//!     decode-peer LAKE ROUNDS
//!
//! Prints one JSON object a round: bytes of XDR, seconds of unzipping them, seconds of decoding them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use stellar_xdr::{LedgerCloseMetaBatch, Limits, ReadXdr};

fn objects(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            objects(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "zst") {
            found.push(path);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds: u32 = arguments[2].parse().expect("a number of rounds");
    let mut paths = Vec::new();
    objects(Path::new(&arguments[1]), &mut paths);
    paths.sort();
    let zipped: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("bytes")).collect();
    let mut unzipper = zstd::bulk::Decompressor::new().expect("zstd");
    let mut room = vec![1; 256 << 20]; // touched, so that no page comes while the clock runs
    for _ in 0..rounds {
        let (mut bytes, mut unzip, mut decode) = (0, 0.0, 0.0);
        for object in &zipped {
            let start = Instant::now();
            let size = unzipper.decompress_to_buffer(object, &mut room).expect("zstd");
            unzip += start.elapsed().as_secs_f64();
            let start = Instant::now();
            let batch = LedgerCloseMetaBatch::from_xdr(&room[..size], Limits::none());
            drop(std::hint::black_box(batch.expect("a batch")));
            decode += start.elapsed().as_secs_f64();
            bytes += size;
        }
        println!("{{\"bytes\":{bytes},\"unzip\":{unzip},\"decode\":{decode}}}");
    }
}
