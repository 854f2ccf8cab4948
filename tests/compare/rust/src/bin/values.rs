//! What the official crate makes of values of the protocol.
//!
//!     values types                    the names of all types, one a line
//!     values decode TYPE FILE         the JSON of the one value of which the file is the XDR
//!     values decode-frames TYPE FILE  the JSON of each value of a record-marked file, one a line
//!     values encode TYPE FILE         the XDR of the value of which the file is the JSON
//!     values arbitrary TYPE [TEXT]    the XDR of an arbitrary value, whose JSON has the text in it

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{stdout, BufReader, BufWriter, Read, Write};
use std::process::exit;
use std::str::FromStr;

use arbitrary::Unstructured;
use stellar_xdr::{Limited, Limits, Type, TypeVariant, WriteXdr};

type Outcome = Result<(), Box<dyn Error>>;

const ATTEMPTS: u32 = 20_000;
const RANDOM_BYTES: usize = 10_240; // enough for a ledger with a few of everything

fn print_json(value: &Type, out: &mut impl Write) -> Outcome {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn arbitrary_value(kind: TypeVariant, text: &str) -> Result<Type, Box<dyn Error>> {
    let mut random = File::open("/dev/urandom")?;
    let mut bytes = vec![0; RANDOM_BYTES];
    for _ in 0..ATTEMPTS {
        random.read_exact(&mut bytes)?;
        // Some bytes make no value, or one that has no JSON: the next ones may.
        let Ok(value) = Type::arbitrary(kind, &mut Unstructured::new(&bytes)) else {
            continue;
        };
        if serde_json::to_string(&value).is_ok_and(|json| json.contains(text)) {
            return Ok(value);
        }
    }
    Err(format!("no value of {ATTEMPTS} has {text}").into())
}

fn run(arguments: &[&str]) -> Outcome {
    let mut out = BufWriter::new(stdout().lock());
    match arguments {
        ["types"] => {
            for name in TypeVariant::VARIANTS_STR {
                writeln!(out, "{name}")?;
            }
        }
        ["decode", kind, path] => {
            let mut input = Limited::new(BufReader::new(File::open(path)?), Limits::none());
            print_json(&Type::read_xdr_to_end(TypeVariant::from_str(kind)?, &mut input)?, &mut out)?;
        }
        ["decode-frames", kind, path] => {
            let mut input = Limited::new(BufReader::new(File::open(path)?), Limits::none());
            for value in Type::read_xdr_framed_iter(TypeVariant::from_str(kind)?, &mut input) {
                print_json(&value?, &mut out)?;
            }
        }
        ["encode", kind, path] => {
            let value = Type::from_json(TypeVariant::from_str(kind)?, fs::read(path)?.as_slice())?;
            out.write_all(&value.to_xdr(Limits::none())?)?;
        }
        ["arbitrary", kind, text @ ..] => {
            let text = text.first().unwrap_or(&"");
            let value = arbitrary_value(TypeVariant::from_str(kind)?, text)?;
            out.write_all(&value.to_xdr(Limits::none())?)?;
        }
        _ => return Err("values types | decode | decode-frames | encode | arbitrary".into()),
    }
    out.flush()?;
    Ok(())
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Err(error) = run(&arguments) {
        eprintln!("values: {error}");
        exit(1);
    }
}
