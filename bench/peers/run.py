#!/usr/bin/env python3
"""Times the program beside other implementations, on the same ledgers, in turn in one run.

    run.py PROGRAM [ROUNDS]

Prints MB/s of XDR (medians) and ratios: zstd decode alone, the official Rust crate's decode alone,
and `export` of four tables in one pass on one thread. The public-network ledgers are six linked ones
repeated, the load-test ledgers those of a corpus.
Needs Cargo.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "bench/peers/rust"
TABLES = ("stellar_ledger", "transactions", "operations", "ttp_events")
REPEATS = 170  # of the source's three ledgers or six
CORPORA = {
    "public network": ("tests/data/pubnet-lake", "Public Global Stellar Network ; September 2015"),
    "load test": ("tests/data/corpora/load-test-ledgers-v24.xdr.zstd", "load test network"),
}


def lines(*command: object) -> list[dict]:
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    target = ROOT / "build/peers/rust"
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=PEER, check=True,
                   env={**os.environ, "CARGO_TARGET_DIR": str(target)})
    for name, (source, network) in CORPORA.items():
        with tempfile.TemporaryDirectory() as folder:
            lake = pathlib.Path(folder) / "lake"
            [made] = lines(program, "lake", "write", "--source", ROOT / source, "--network", network,
                           "--verify", "structure", "--output", lake, "--start", 2, "--repeat",
                           REPEATS, "--ledgers-per-file", 64, "--quiet", "--json")
            rates: dict[str, list[float]] = {}
            for _ in range(rounds):
                [peer] = lines(target / "release/decode-peer", lake, 1)
                rates.setdefault("zstd decode alone", []).append(peer["bytes"] / peer["unzip"])
                rates.setdefault("Rust stellar-xdr, decode alone", []).append(
                    peer["bytes"] / peer["decode"])
                export = (program, "export", ",".join(TABLES), "--source", lake, "--network", network,
                          "--verify", "structure", "--threads", 1, "--format", "null", "--quiet",
                          "--json")
                [ours] = lines(*export)
                rates.setdefault("four tables, from zstd objects", []).append(
                    ours["bytes_raw"] / ours["seconds"])
            medians = {what: statistics.median(values) for what, values in rates.items()}
            print(f"{name}: {made['ledgers']} ledgers, MB/s of XDR, median of {rounds}")
            for what, rate in medians.items():
                print(f"  {what:34}{rate / 1e6:8.0f}"
                      f"{rate / medians['zstd decode alone']:8.2f} x zstd"
                      f"{rate / medians['Rust stellar-xdr, decode alone']:8.2f} x Rust")


if __name__ == "__main__":
    main()
