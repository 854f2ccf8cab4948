#!/usr/bin/env python3
"""Compares four tables with all that stellar-etl makes of the ledgers.

    stellar_etl.py

Needs the folder with the whole corpora (see shared.py): tests/data keeps its rows without what the
ledgers' own bytes say, for `make test`. Every cell is compared by the golden tests' modules; what they
explain is counted.
"""

import collections
import itertools
import json
import os
import pathlib
import tempfile
from concurrent.futures import ThreadPoolExecutor

import shared

import pyarrow as pa

import corpora
import etl_operations
import etl_transactions
import test_operations
import test_ttp_events
import ttp_events

ARCHIVES = {  # by ttp_events.corpus()
    "pubnet": "pubnet-p13", "galexie-lake": "galexie-lake", "load-test-ledgers-v24": "load-test-v24",
    "load-test-ledgers-v23-standalone": "load-test-v23-standalone",
    "test-lcm-current": "stellar-core-test-lcm-current",
    "test-lcm-next": "stellar-core-test-lcm-next-sample",
}
TABLES = {"stellar_ledger": "ledgers", "transactions": "transactions", "operations": "operations",
          "ttp_events": "token_transfers"}
EXPLAINED = (test_operations.pool_of_a_failed_deposit, test_operations.mint_without_administrator)


def jsonl(content):
    """The rows in a file. For a ledger whose metas lack the classic events it has an error instead."""
    return [row for row in map(json.loads, content.splitlines()) if "error" not in row]


def key_of(stream):
    """Of the core's tests each stream stands for itself; the others' are one."""
    corpus = ttp_events.corpus(stream)
    return stream if corpus.startswith("test-lcm") else corpus


def theirs():
    """{key: {their table: rows}}, and the same of the rows that the project publishes itself."""
    out = collections.defaultdict(lambda: collections.defaultdict(list))
    for corpus, name in ARCHIVES.items():
        for path, content in shared.tar_streams(
                shared.SHARED / f"stellar-etl-rows/{name}.tar.zst").items():
            path = pathlib.PurePath(path)
            if path.suffix == ".jsonl" and path.stem in TABLES.values():
                key = str(path.parent) if corpus.startswith("test-lcm") else corpus
                out[key][path.stem] += jsonl(content)
    published = collections.defaultdict(list)
    for path in (shared.SHARED / "pubnet-p13/stellar-etl-expected").glob("*.jsonl"):
        published[path.stem] += jsonl(path.read_bytes())
    return out, published


def ledger_differences(rows, want):
    return corpora.differences(list(rows), want)


def transaction_differences(rows, want):
    return etl_transactions.differences(list(rows), etl_transactions.pack("", "", want))


def operation_differences(rows, want):
    assert all(row["details_json"] == row["details"] for row in want)
    want = [{name: cell for name, cell in row.items() if name != "details_json"} for row in want]
    return etl_operations.differences("", "", list(rows), want)


def event_rows(rows):
    return collections.Counter(
        tuple(sorted(test_ttp_events.as_etl(row).items(), key=str)) for row in rows)


def event_differences(rows, want):
    """Its rows have no order, and it has none of a ledger whose metas lack the classic events."""
    want = [{name: cell for name, cell in row.items() if name != "amount"} for row in want]
    of = {row["ledger_sequence"] for row in want}
    theirs = collections.Counter(tuple(sorted(row.items(), key=str)) for row in want)
    ours = event_rows(row for row in rows if row["ledger_sequence"] in of)
    return [f"ttp_events: only {who}: {dict(row)}" for who, more in
            (("ours", ours - theirs), ("stellar-etl's", theirs - ours)) for row in more]


COMPARE = {"stellar_ledger": ledger_differences, "transactions": transaction_differences,
           "operations": operation_differences, "ttp_events": event_differences}


def main():
    if not shared.SHARED.is_dir():
        print(f"no {shared.SHARED.name}: stellar-etl's whole rows are not here")
        return
    rows_of, published = theirs()
    bad, counts = [], collections.Counter()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(folder)
        inputs = folder / "in"
        inputs.mkdir()
        files = shared.streams(inputs)
        keys = {key: list(streams) for key, streams in itertools.groupby(
            sorted(files, key=key_of), key_of)}
        assert keys.keys() == rows_of.keys(), keys.keys() ^ rows_of.keys()

        def read(job):
            key, table = job
            # Pairs are found by ids, or in the order of application: the lake's files sort backwards.
            rows = [row for stream in keys[key] for row in shared.rows(
                table, stream, files[stream], folder / table / stream,
                etl_transactions.plain if table == "transactions" else pa.Table.to_pylist)]
            rows.sort(key=lambda row: row["ledger_sequence"])
            return rows

        def compare(job):
            key, table = job
            rows = read(job)
            found = [(table, key, rows_of[key][TABLES[table]], rows)]
            if key == "pubnet":
                found.append((table, "published", published[TABLES[table]], rows))
            return found

        for found in pool.map(compare, itertools.product(keys, TABLES)):
            for table, key, want, rows in found:
                if key == "published" and table != "ttp_events":
                    of = {row.get("ledger_sequence", row.get("sequence")) for row in want}
                    rows = [row for row in rows if row["ledger_sequence"] in of]
                counts[table, ttp_events.corpus(key)] += len(want)
                for one in COMPARE[table](rows, want):
                    kind = next((kind for kind in EXPLAINED
                                 if isinstance(one, etl_operations.Difference) and kind(one)), None)
                    if kind is None:
                        bad.append(f"{key}: {table}: {one}")
                    else:
                        counts[table, f"explained: {kind.__name__.replace('_', ' ')}"] += 1
    for (table, what), count in sorted(counts.items()):
        print(f"{table}, {what}: {count}")
    shared.end(bad)


main()
