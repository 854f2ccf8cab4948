"""stellar-etl's rows of the table transactions, and ours in its form.

docs/differences.md tells what the two tables say differently, and why.
"""

import base64
import datetime
import functools
import hashlib
import json

import pyarrow as pa

import corpora

# Columns of ours by stellar-etl's names, where the meaning is the same.
ETL_COLUMNS = {
    "id": "transaction_id",
    "ledger_sequence": "ledger_sequence",
    "closed_at": "ledger_close_time",
    "created_at": "ledger_close_time",
    "transaction_hash": "transaction_hash",
    "account": "source_account",
    "account_muxed": "account_muxed",
    "account_sequence": "sequence_number",
    "fee_account": "fee_source",
    "fee_account_muxed": "fee_account_muxed",
    "inner_transaction_hash": "inner_transaction_hash",
    "successful": "successful",
    "transaction_result_code": "transaction_result_code",
    "operation_count": "operation_count",
    "memo_type": "memo_type",
    "memo": "memo",
    "time_bounds": "time_bounds",
    "ledger_bounds": "ledger_bounds",
    "min_account_sequence": "min_account_sequence",
    "min_account_sequence_age": "min_account_sequence_age",
    "min_account_sequence_ledger_gap": "min_account_sequence_ledger_gap",
    "extra_signers": "extra_signers",
    "max_fee": "inner_max_fee",
    "new_max_fee": "new_max_fee",
    "fee_charged": "fee_charged",
    "inclusion_fee_bid": "inclusion_fee_bid",
    "inclusion_fee_charged": "inclusion_fee_charged",
    "resource_fee": "resource_fee",
    "resource_fee_refund": "resource_fee_refund",
    "non_refundable_resource_fee_charged": "non_refundable_resource_fee_charged",
    "refundable_resource_fee_charged": "refundable_resource_fee_charged",
    "rent_fee_charged": "rent_fee_charged",
    "soroban_resources_instructions": "soroban_resources_instructions",
    "soroban_resources_read_bytes": "soroban_resources_read_bytes",
    "soroban_resources_disk_read_bytes": "soroban_resources_disk_read_bytes",
    "soroban_resources_write_bytes": "soroban_resources_write_bytes",
    "soroban_resources_archived_entries": "soroban_resources_archived_entries",
    "tx_envelope": "transaction_envelope_xdr",
    "tx_result": "transaction_result_xdr",
    "tx_meta": "transaction_meta_xdr",
    "tx_fee_meta": "fee_meta_xdr",
}

# Cells of the ledgers' own bytes. The repository keeps one hash of each column of a stream.
HASHED = ("transaction_hash", "tx_envelope", "tx_result", "tx_meta", "tx_fee_meta")

# Where absence is stellar-etl's null, or no key at all; elsewhere it writes 0 or "".
NULLS = {"account_muxed", "fee_account", "fee_account_muxed", "inner_transaction_hash",
         "new_max_fee", "min_account_sequence", "min_account_sequence_age",
         "min_account_sequence_ledger_gap", "extra_signers", "soroban_resources_archived_entries"}
TEXTS = {"memo", "time_bounds", "ledger_bounds"}

MEMO_TYPES = ("MemoTypeMemoNone", "MemoTypeMemoText", "MemoTypeMemoId", "MemoTypeMemoHash",
              "MemoTypeMemoReturn")


def as_etl(row):
    """A row of ours with stellar-etl's names and its ways to write values and absence."""
    out = {}
    for etl, ours in ETL_COLUMNS.items():
        value = row[ours]
        if ours == "ledger_close_time":
            value = datetime.datetime.fromtimestamp(value / 1e6, datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ")
        elif etl == "memo_type":
            value = MEMO_TYPES[value]
        elif etl.startswith("tx_"):
            value = base64.b64encode(value).decode()
        elif isinstance(value, bytes):
            value = value.hex()
        elif value == []:
            value = None
        if value is None and etl not in NULLS:
            value = "" if etl in TEXTS else 0
        out[etl] = value
    # It lists the fee bump's signatures, or else the transaction's. In a form of no use, so that
    # only their number is compared.
    out["tx_signers"] = (row["signature_count"] if row["fee_bump_signature_count"] is None
                         else row["fee_bump_signature_count"])
    return out


def column_hash(values):
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]


def pack(corpus, stream, rows):
    """stellar-etl's rows of a stream as one object: columns, in the order of their ids."""
    rows = sorted(rows, key=lambda row: row["id"])
    columns = {etl: [row.get(etl) for row in rows] for etl in ETL_COLUMNS}
    columns["tx_signers"] = [len(row["tx_signers"]) for row in rows]
    hashes = {etl: column_hash(columns.pop(etl)) for etl in HASHED}
    return {"corpus": corpus, "stream": stream, "columns": columns, "hashes": hashes}


@functools.cache
def etl_transactions():
    """{(corpus, stream): what pack() made of stellar-etl's rows}."""
    lines = corpora.read_zstd(corpora.CORPORA / "stellar-etl-transactions.jsonl.zst").splitlines()
    return {(packed["corpus"], packed["stream"]): packed for packed in map(json.loads, lines)}


def plain(table):
    """The rows of a table of ours; times in microseconds, as some are beyond Python's."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(index, field.name, table[index].cast(pa.int64()))
    return table.to_pylist()


def differences(ours, packed):
    """The cells that differ, as text. `ours` must be in the order of application."""
    theirs = packed["columns"]
    ours = [as_etl(row) for row in ours]
    ids = [row["id"] for row in ours]
    if ids != theirs["id"]:
        return [f"rows {ids}, stellar-etl {theirs['id']}"]
    out = []
    for etl, values in theirs.items():
        for row, want in zip(ours, values):
            if row[etl] != want:
                out.append(f"ledger {row['ledger_sequence']}, transaction {row['id']}: {etl}: "
                           f"{row[etl]!r}, stellar-etl {want!r}")
    for etl, want in packed["hashes"].items():
        if column_hash([row[etl] for row in ours]) != want:
            out.append(f"{etl} differs somewhere in {len(ours)} rows")
    return out
