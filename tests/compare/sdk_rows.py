#!/usr/bin/env python3
"""Compares transactions and operations with what the official Go SDK reads off the ledgers.

    sdk_rows.py

Needs Go, which fetches the SDK. Every ledger of the corpora and those made by hand are compared, but one
that the SDK refuses: which transactions there are and in which order, which envelope, result and meta
each has, and every cell that the SDK says anything of (tests/compare/go/rows).
"""

import collections
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import shared

import case_ledgers
import ttp_events


def official(folder, files):
    """{stream: {table: rows}} of the SDK's, and {stream: error} of what it refuses."""
    binary = folder / "rows"
    subprocess.run(["go", "build", "-o", binary, "./rows"], cwd=shared.ROOT / "tests/compare/go",
                   check=True)
    streams = {str(path): stream for stream, path in files.items()}
    out = {stream: {"transactions": [], "operations": []} for stream in files}
    errors = {}
    for network in sorted(set(map(ttp_events.passphrase, files))):
        paths = [str(path) for stream, path in files.items()
                 if ttp_events.passphrase(stream) == network]
        done = subprocess.run([binary, network], input="\n".join(paths).encode(),
                              stdout=subprocess.PIPE, check=True)
        for line in done.stdout.splitlines():
            line = json.loads(line)
            stream = streams[line["stream"]]
            if "error" in line:
                errors[stream] = line["error"]
            else:
                out[stream][line["table"]].append(line["row"])
    return out, errors


def cell(column, value):
    """A cell of ours as the Go program writes it."""
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest() if column.endswith("_xdr") else value.hex()
    return value


# Where the SDK says something else, and why: docs/differences.md has each.
def inclusion_bid_of_a_bump(column, row, theirs):
    """The SDK takes the inner transaction's bid, not the payer's."""
    return column == "inclusion_fee_bid" and row["new_max_fee"] is not None and (
        theirs == row["inner_max_fee"] - row["resource_fee"])


def inclusion_charge_of_a_muxed_payer(column, row, theirs):
    """The SDK looks for the payer's account under its muxed address, and finds none."""
    return column == "inclusion_fee_charged" and theirs == -row["resource_fee"] and (
        row["account_muxed"] if row["fee_source"] is None else row["fee_account_muxed"]) is not None


def bump_before_protocol_21(column, row, theirs):
    """The SDK starts from the result's fee, which core got wrong."""
    return (column == "fee_charged" and row["new_max_fee"] is not None and row["protocol_version"] < 21
            and row["resource_fee"] is not None)


EXPLAINED = (inclusion_bid_of_a_bump, inclusion_charge_of_a_muxed_payer, bump_before_protocol_21)


def main():
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(folder)
        inputs = folder / "in"
        inputs.mkdir()
        files = shared.streams(inputs) | shared.made(inputs)
        said, errors = official(folder, files)
        bad = [f"{stream}: the SDK: {error}" for stream, error in errors.items()
               if not case_ledgers.refused_by_the_sdk(stream)]
        bad += [f"{stream}: the SDK reads it" for stream in files
                if case_ledgers.refused_by_the_sdk(stream) and stream not in errors]
        counts = collections.Counter()

        def compare(stream):
            out, of_stream, corpus = [], collections.Counter(), ttp_events.corpus(stream)
            for table, theirs in said[stream].items():
                ours = shared.rows(table, stream, files[stream], folder / "out" / stream)
                if len(ours) != len(theirs):
                    out.append(f"{stream}: {len(ours)} {table}, the SDK has {len(theirs)}")
                for row, want in zip(ours, theirs):
                    of_stream[corpus, table, "rows"] += 1
                    of_stream[corpus, table, "cells"] += len(want)
                    for column, other in want.items():
                        if column.endswith("asset_code") and other is not None:
                            other = bytes.fromhex(other).decode(errors="replace")
                        got = cell(column, row[column])
                        if got == other and type(got) is type(other):
                            continue
                        why = [one for one in EXPLAINED
                               if table == "transactions" and one(column, row, other)]
                        if why:
                            of_stream[corpus, table, why[0].__name__.replace("_", " ")] += 1
                            continue
                        out.append(f"{stream}: {table}: ledger {row['ledger_sequence']}, "
                                   f"transaction {row['transaction_index']}: {column}: {got!r}, "
                                   f"the SDK has {other!r}")
            return out, of_stream

        for lines, of_stream in pool.map(compare, (one for one in files if one not in errors)):
            bad += lines
            counts += of_stream
    for (corpus, table, what), count in sorted(counts.items()):
        print(f"{corpus}, {table}: {count} {what}")
    shared.end(bad)


main()
