//! Decodes and encodes XDR with the official crate: the bytes must come out as they went in.
//!
//! Standard input is a row of values, each the name of its type, a newline, its length (four bytes, big
//! endian) and its bytes. Prints how many of each type came out the same. The first that does not, or
//! that cannot be decoded, ends the program with its place, type and bytes.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::process::exit;

use stellar_xdr::{
    Error, LedgerCloseMeta, LedgerEntryChanges, LedgerHeader, Limits, Operation, OperationMeta,
    OperationMetaV2, OperationResult, ReadXdr, TransactionEnvelope, TransactionMeta,
    TransactionResult, WriteXdr,
};

fn round_trip<T: ReadXdr + WriteXdr>(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    T::from_xdr(bytes, Limits::none())?.to_xdr(Limits::none())
}

fn again(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    match kind {
        "LedgerCloseMeta" => round_trip::<LedgerCloseMeta>(bytes),
        "LedgerHeader" => round_trip::<LedgerHeader>(bytes),
        "LedgerEntryChanges" => round_trip::<LedgerEntryChanges>(bytes),
        "Operation" => round_trip::<Operation>(bytes),
        "OperationMeta" => round_trip::<OperationMeta>(bytes),
        "OperationMetaV2" => round_trip::<OperationMetaV2>(bytes),
        "OperationResult" => round_trip::<OperationResult>(bytes),
        "TransactionEnvelope" => round_trip::<TransactionEnvelope>(bytes),
        "TransactionMeta" => round_trip::<TransactionMeta>(bytes),
        "TransactionResult" => round_trip::<TransactionResult>(bytes),
        _ => {
            eprintln!("not a type that is compared: {kind}");
            exit(1)
        }
    }
}

fn main() -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut counts = BTreeMap::<String, u64>::new();
    let mut kind = String::new();
    for place in 0.. {
        kind.clear();
        if input.read_line(&mut kind)? == 0 {
            break;
        }
        let kind = kind.trim_end();
        let mut size = [0; 4];
        input.read_exact(&mut size)?;
        let mut bytes = vec![0; u32::from_be_bytes(size) as usize];
        input.read_exact(&mut bytes)?;
        let same = match again(kind, &bytes) {
            Ok(out) => (out != bytes).then(|| "comes out differently".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = same {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            eprintln!("value {place}: {kind}: {why}: {hex}");
            exit(1);
        }
        *counts.entry(kind.to_owned()).or_default() += 1;
    }
    for (kind, count) in counts {
        println!("{kind} {count}");
    }
    Ok(())
}
