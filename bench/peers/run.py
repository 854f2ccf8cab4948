#!/usr/bin/env python3
"""Times the program beside other implementations, on the same ledgers, in turn, on one core.

    run.py PROGRAM [ROUNDS]

Prints MB/s of XDR (medians) and ratios. The peers are the programs in the folders beside this: zstd and
the official Rust crate decode alone (rust/); the official Go SDK decodes alone, and makes four tables
with arrow-go (go/), once their cells are found equal to ours. Of our lines, the third has the columns
of the Go program. The public-network ledgers are six linked ones repeated, the load-test ledgers those
of a corpus; each is an object of its own, or zstd would find most of a ledger in the one before.
Needs Cargo and Go; where one is missing, its lines are left out.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

import pyarrow as pa

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench/peers"
BUILT = ROOT / "build/peers"
RUST_PEER, GO_PEER = BUILT / "rust/release/decode-peer", BUILT / "go-peer"
TABLES = ("stellar_ledger", "transactions", "operations", "ttp_events")
REPEATS = 170  # of the source's three ledgers or six
CORPORA = {
    "public network": ("tests/data/pubnet-lake", "Public Global Stellar Network ; September 2015"),
    "load test": ("tests/data/corpora/load-test-ledgers-v24.xdr.zstd", "load test network"),
}

# The peers' lines, and how ratios call them.
ZSTD = "zstd, decode alone"
RUST = "Rust stellar-xdr, decode alone"
GO = "Go SDK, decode alone"
GO_TABLES = "Go SDK and arrow-go: four tables"
AGAINST = {ZSTD: "zstd", RUST: "Rust decode", GO: "Go decode", GO_TABLES: "Go tables"}


def said(*command: object) -> dict:
    done = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def build_peers() -> tuple[bool, bool]:
    """Whether there are the Rust and the Go peer."""
    cargo, go = shutil.which("cargo"), shutil.which("go")
    if cargo:
        subprocess.run([cargo, "build", "--release", "--quiet"], cwd=PEERS / "rust", check=True,
                       env={**os.environ, "CARGO_TARGET_DIR": str(BUILT / "rust")})
    else:
        print(f"no Cargo here, so not these lines: {ZSTD}; {RUST}")
    if go:
        subprocess.run([go, "build", "-o", GO_PEER, "."], cwd=PEERS / "go", check=True)
    else:
        print(f"no Go here, so not these lines: {GO}; {GO_TABLES}")
    return bool(cargo), bool(go)


def original_columns() -> dict[str, list[str]]:
    return {table: [column["name"] for column in json.loads(
        (ROOT / f"tests/schemas/{table}/1.0.0.json").read_text())["columns"]] for table in TABLES}


def without_xdr(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    return {table: [name for name in names if not name.endswith("_xdr")]
            for table, names in columns.items()}


def selection(columns: dict[str, list[str]]) -> list[str]:
    return [",".join(columns), "--columns",
            ",".join(f"{table}.{name}" for table, names in columns.items() for name in names)]


def selections(program: str) -> dict[str, list[str]]:
    """What `export` is asked for, by its line."""
    columns = {table: [column["name"]
                       for column in said(program, "schema", table, "--format", "json")["columns"]]
               for table in TABLES}
    return {
        "ours: four tables, all columns": [",".join(TABLES)],
        "ours: all columns but raw XDR": selection(without_xdr(columns)),
        "ours: the columns that Go makes": selection(original_columns()),
        "ours: those but raw XDR": selection(without_xdr(original_columns())),
        "ours: operations.operation_type": ["operations", "--columns", "operation_type"],
    }


class Lake:
    """A corpus as a lake in a folder."""

    def __init__(self, program: str, folder: str, corpus: str, repeat: int):
        source, self.network = CORPORA[corpus]
        self.program = program
        self.path = pathlib.Path(folder) / f"lake-{repeat}"
        made = said(program, "lake", "write", "--source", ROOT / source, "--network", self.network,
                    "--verify", "structure", "--output", self.path, "--start", 2, "--repeat", repeat,
                    "--quiet", "--json")
        self.ledgers = made["ledgers"]

    def export(self, asked: list[str], *options: object) -> dict:
        return said(self.program, "export", *asked, "--source", self.path, "--network", self.network,
                    "--verify", "structure", "--threads", 1, "--quiet", "--json", *options)

    def go(self, *options: object) -> dict:
        return said(GO_PEER, *options, self.path, self.network)


def compare_cells(lake: Lake, folder: str) -> None:
    """Exits where the Go peer's tables are not ours."""
    ours, theirs = pathlib.Path(folder) / "ours", pathlib.Path(folder) / "theirs"
    theirs.mkdir()
    lake.export(selection(original_columns()), "--format", "arrow", "--output", ours)
    lake.go("-output", theirs)
    different = []
    for table, names in original_columns().items():
        one, other = (pa.ipc.open_stream((at / f"{table}.arrows").read_bytes()).read_all()
                      for at in (ours, theirs))
        different += [f"{table}.{name}" for name in names
                      if name not in other.column_names or not one[name].equals(other[name])]
    if different:
        sys.exit(f"{lake.path}: the Go program's cells are not ours in {', '.join(different)}")


def main() -> None:
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rust, go = build_peers()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # and so all that is started from here
    asked = selections(program)
    for corpus in CORPORA:
        with tempfile.TemporaryDirectory() as folder:
            if go:
                compare_cells(Lake(program, folder, corpus, 1), folder)
            lake = Lake(program, folder, corpus, REPEATS)
            rates: dict[str, list[float]] = {}

            def add(line: str, size: int, seconds: float) -> None:
                rates.setdefault(line, []).append(size / seconds / 1e6)

            for _ in range(rounds):
                if rust:
                    peer = said(RUST_PEER, lake.path, 1)
                    add(ZSTD, peer["bytes"], peer["unzip"])
                    add(RUST, peer["bytes"], peer["decode"])
                if go:
                    peer = lake.go()
                    add(GO, peer["bytes"], peer["decode"])
                    add(GO_TABLES, peer["bytes"], peer["tables"])
                for line, arguments in asked.items():
                    done = lake.export(arguments, "--format", "null")
                    add(line, done["bytes_raw"], done["seconds"])
                    if go and len(done["rows"]) == len(TABLES) and done["rows"] != peer["rows"]:
                        sys.exit(f"{line}: {done['rows']} rows, of the Go program {peer['rows']}")
            medians = {line: statistics.median(values) for line, values in rates.items()}
            print(f"{corpus}: {lake.ledgers} ledgers, median of {rounds}, one core")
            against = {name: medians[line] for line, name in AGAINST.items() if line in medians}
            print(f"  {'':34}{'MB/s':>8}" + "".join(f"{'x ' + name:>15}" for name in against))
            for line, rate in medians.items():
                print(f"  {line:34}{rate:8.0f}"
                      + "".join(f"{rate / other:15.2f}" for other in against.values()))


if __name__ == "__main__":
    main()
