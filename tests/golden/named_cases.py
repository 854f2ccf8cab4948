"""The list of named cases: one row for each thing of the protocol that a row can tell.

    named_cases.py --write

tests/data/named-cases.jsonl.zst has them: the name, where the row is (`stream` as test_cases.py names
them, ledger, transaction, operation), and each cell that the second reader has and that is not null.
--write finds a place for each name, in a corpus where one has it, and writes what the second reader
makes of it.
"""

import decimal
import functools
import json
import pathlib
import sys
import tempfile

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

import case_ledgers
import corpora
import etl_transactions
import operation_reader
import program
import second_reader
import test_sep51
import transfer_ledgers
import ttp_events
from second_reader import ENVELOPES, HOST_FUNCTIONS, MEMOS, RESULT_CODES
from xdr_values import DEFINITIONS

import pyarrow as pa

FILE = corpora.DATA / "named-cases.jsonl.zst"
# What the second reader does not have.
NOT_READ = {
    "transaction_id", "ledger_close_time", "transaction_envelope_xdr", "transaction_result_xdr",
    "transaction_meta_xdr", "fee_meta_xdr", "post_fee_meta_xdr", "inner_transaction_hash",
    "operation_xdr", "operation_result_xdr", "operation_meta_xdr"}
SIGNERS = {"G": "ed25519", "T": "pre_auth_tx", "X": "hash_x", "P": "ed25519_signed_payload"}
CONDITIONS = {
    "time": lambda row: row["time_bounds"] is not None and row["min_account_sequence_age"] is None,
    "none": lambda row: row["time_bounds"] is None and row["min_account_sequence_age"] is None,
    "v2": lambda row: row["min_account_sequence_age"] is not None,
    "v2 time bounds": lambda row: (row["min_account_sequence_age"] is not None
                                   and row["time_bounds"] is not None),
    "v2 ledger bounds": lambda row: row["ledger_bounds"] is not None,
    "v2 minimal sequence": lambda row: row["min_account_sequence"] is not None,
    "v2 minimal sequence age": lambda row: bool(row["min_account_sequence_age"]),
    "v2 minimal sequence ledger gap": lambda row: bool(row["min_account_sequence_ledger_gap"]),
} | {f"v2 extra signer {kind}": functools.partial(
    lambda letter, row: any(one[0] == letter for one in row["extra_signers"]), letter)
     for letter, kind in SIGNERS.items()}


def names_of_transaction(row):
    """All that a row of transactions is a case of, but the version of its ledger."""
    yield f"result {row['result_code_string']}"
    if row["inner_result_code"] is not None:
        yield "inner result " + next(name for name, code in RESULT_CODES.items()
                                     if code == row["inner_result_code"])
    yield f"memo {MEMOS[row['memo_type']]}"
    yield "envelope " + next(name for name, kind in ENVELOPES.items()
                             if kind == row["transaction_envelope_type"])
    yield from (f"condition {name}" for name, holds in CONDITIONS.items() if holds(row))


def names_of_operation(row):
    """All that a row of operations is a case of."""
    yield f"meta v{row['meta_version']}"
    if row["transaction_successful"]:
        yield f"operation {row['operation_type_string']}"
        if row["host_function_type"] is not None:
            yield f"host function {HOST_FUNCTIONS[row['host_function_type']]}"
    if row["operation_trace_code"]:
        yield f"code {row['operation_trace_code']}"
    elif row["operation_result_code"]:
        yield f"code {row['operation_result_code']}"


def versions_of(union):
    return [case["value"] for arm in DEFINITIONS[union]["arms"] for case in arm["cases"]]


def names_of_the_protocol():
    """All names there must be."""
    out = {f"operation {one}" for one in operation_reader.TYPES}
    for kind, codes in operation_reader.result_codes().values():
        out |= {f"code {operation_reader.trace_code(kind, name)}" for _, name in codes.values()}
    out |= {"code " + operation_reader.code_text(name)
            for name in operation_reader.OPERATION_CODES if name != "op_inner"}
    out |= {f"result {one}" for one in RESULT_CODES}
    out |= {f"inner result {one}" for one in RESULT_CODES if not one.startswith("tx_fee_bump")}
    out |= {f"memo {one}" for one in MEMOS} | {f"envelope {one}" for one in ENVELOPES}
    out |= {f"condition {one}" for one in CONDITIONS}
    out |= {f"host function {one}" for one in HOST_FUNCTIONS}
    out |= {f"ledger v{one}" for one in versions_of("LedgerCloseMeta")}
    out |= {f"meta v{one}" for one in versions_of("TransactionMeta")}
    return out


def streams(folder):
    """All corpora and all ledgers made by hand, {name: path}."""
    out = test_sep51.streams(folder)
    for name, content in (transfer_ledgers.good() | case_ledgers.cases()).items():
        out[name] = folder / name.replace("/", "-")
        out[name].write_bytes(content)
    return out


def rows_of(table, file, network, folder):
    done = program.run("export", table, "--source", file, "--network", network, "--verify",
                       "structure", "--threads", "1", "--quiet", "--output", folder / table)
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(folder / table) as batches:
        return etl_transactions.plain(batches.read_all())


def read(path, stream, folder):
    """{place: (names, row)} of all rows of the two tables."""
    folder.mkdir(parents=True, exist_ok=True)
    network = ttp_events.passphrase(stream)
    content = path.read_bytes()
    ledgers = corpora.frames(content) if content[0] & 0x80 else [content]
    files = [path]
    if stream.startswith("load-test"):  # one by one, as there are gaps
        files = [folder / str(index) for index in range(len(ledgers))]
        for file, one in zip(files, ledgers):
            file.write_bytes(one)
    transactions, operations = [[row for file in files
                                 for row in rows_of(table, file, network, folder)]
                                for table in ("transactions", "operations")]
    versions = {one[3] for one in ledgers}
    out = {}
    for row in transactions:
        names = set(names_of_transaction(row))
        if len(versions) == 1:
            names.add(f"ledger v{min(versions)}")
        out[row["ledger_sequence"], row["transaction_index"], None] = names, row
    for row in operations:
        place = row["ledger_sequence"], row["transaction_index"], row["operation_index"]
        out[place] = set(names_of_operation(row)), row
    return out


def plain(value):
    """A cell as JSON keeps it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else f"{value.normalize():f}"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def as_kept(row):
    """What is kept of a row."""
    return {column: plain(value) for column, value in sorted(row.items()) if value is not None}


def second_rows(path, network, transactions):
    """{place in the file: row} of the second reader's; `transactions` are ours."""
    out = {}
    rows = iter(transactions)
    for version, meta in second_reader.ledgers(path):
        candidates = list(second_reader.envelopes(version, meta))
        for place, processed in enumerate(meta["tx_processing"]):
            envelope = second_reader.envelope_of(next(rows), processed["result"]["result"],
                                                 candidates)
            row = second_reader.transaction_row(meta, place, envelope)
            at = row["ledger_sequence"], row["transaction_index"]
            out[*at, None] = row
            for row in operation_reader.operation_rows(meta, place, envelope, network):
                out[*at, row["operation_index"]] = row
    return out


def write():
    left, kept = names_of_the_protocol(), []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for stream, path in streams(folder).items():
            found = {}
            rows = read(path, stream, folder / "out")
            for place, (names, _) in rows.items():
                for name in sorted(names & left):
                    left.remove(name)
                    found[name] = place
            if not found:
                continue
            second = second_rows(path, ttp_events.passphrase(stream),
                                 [row for place, (_, row) in rows.items() if place[2] is None])
            kept += [{"name": name, "stream": stream, "ledger": place[0], "transaction": place[1],
                      "operation": place[2], "row": as_kept(second[place])}
                     for name, place in found.items()]
    assert not left, left
    kept.sort(key=lambda one: one["name"])
    content = "".join(json.dumps(one, separators=(",", ":")) + "\n" for one in kept).encode()
    FILE.write_bytes(pa.Codec("zstd", compression_level=19).compress(content, asbytes=True))


if __name__ == "__main__":
    write()
