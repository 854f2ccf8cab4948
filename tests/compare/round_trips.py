#!/usr/bin/env python3
"""Holds every XDR column against the official crate: what it decodes encodes to the same bytes.

    round_trips.py

Needs Cargo (tests/compare/rust_crate.py). All ledgers of the corpora and those made by
hand, whole, and every cell of our columns of XDR (tests/compare/rust).
"""

import collections
import json
import os
import pathlib
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import rust_crate
import shared

# What each column is. A new one must be named here; one may be empty where there is nothing.
TYPES = {
    ("stellar_ledger", "ledger_close_meta_xdr"): "LedgerCloseMeta",
    ("stellar_ledger", "ledger_header_xdr"): "LedgerHeader",
    ("transactions", "transaction_envelope_xdr"): "TransactionEnvelope",
    ("transactions", "transaction_result_xdr"): "TransactionResult",
    ("transactions", "transaction_meta_xdr"): "TransactionMeta",
    ("transactions", "fee_meta_xdr"): "LedgerEntryChanges",
    ("transactions", "post_fee_meta_xdr"): "LedgerEntryChanges",
    ("operations", "operation_xdr"): "Operation",
    ("operations", "operation_result_xdr"): "OperationResult",
    ("operations", "operation_meta_xdr"): "OperationMeta",
}
MAY_BE_EMPTY = {"operation_result_xdr", "operation_meta_xdr"}


def columns_of_xdr():
    return {(path.parent.name, column["name"])
            for path in (shared.ROOT / "tests/schemas").glob("*/*.json")
            for column in json.loads(path.read_text())["columns"] if column["name"].endswith("_xdr")}


def values(table, rows):
    for row in rows:
        for (of, column), kind in TYPES.items():
            value = row[column] if of == table else None
            if value is None or not value and column in MAY_BE_EMPTY:
                continue
            if kind == "OperationMeta" and row["meta_version"] == 4:
                kind = "OperationMetaV2"
            yield kind.encode() + b"\n" + struct.pack(">I", len(value)) + value


def main():
    assert columns_of_xdr() == set(TYPES), columns_of_xdr() ^ set(TYPES)
    programs = rust_crate.build()
    bad, counts = [], collections.Counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(folder)
        inputs = folder / "in"
        inputs.mkdir()
        files = shared.streams(inputs) | shared.made(inputs)

        def check(stream):
            content = b"".join(
                value for table in ("stellar_ledger", "transactions", "operations")
                for value in values(table, shared.rows(table, stream, files[stream],
                                                       folder / "out" / stream)))
            return stream, subprocess.run([programs / "round-trips"], input=content,
                                          capture_output=True, check=False)

        for stream, done in pool.map(check, files):
            if done.returncode != 0:
                bad.append(f"{stream}: {done.stderr.decode()[:2000]}")
            for line in done.stdout.decode().splitlines():
                kind, count = line.split()
                counts[kind] += int(count)
    print(f"{len(files)} streams: " + ", ".join(
        f"{count} {kind}" for kind, count in sorted(counts.items())))
    shared.end(bad)


main()
