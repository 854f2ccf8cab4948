"""The corpora: real ledgers, and what stellar-etl, the network's official exporter, made of them.

tests/data/corpora/README.md says where each file comes from.
"""

import base64
import collections
import datetime
import functools
import io
import json
import pathlib
import struct
import tarfile

import pyarrow as pa

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
CORPORA = DATA / "corpora"
CORE_TESTS = "(V) (;,,;) (V)"  # the passphrase of stellar-core's own tests

# Columns of ours by stellar-etl's names, where the meaning is the same. Its transaction_count and
# operation_count count what succeeded only.
ETL_COLUMNS = {
    "sequence": "ledger_sequence",
    "closed_at": "ledger_close_time",
    "ledger_hash": "ledger_hash",
    "previous_ledger_hash": "previous_ledger_hash",
    "transaction_count": "successful_transaction_count",
    "successful_transaction_count": "successful_transaction_count",
    "failed_transaction_count": "failed_transaction_count",
    "operation_count": "operation_count",
    "tx_set_operation_count": "tx_set_operation_count",
    "protocol_version": "protocol_version",
    "base_fee": "base_fee",
    "base_reserve": "base_reserve",
    "max_tx_set_size": "max_tx_set_size",
    "id": "id",
    "total_coins": "total_coins",
    "fee_pool": "fee_pool",
    "node_id": "node_id",
    "signature": "signature",
    "soroban_fee_write_1kb": "soroban_fee_write_1kb",
    "total_byte_size_of_bucket_list": "total_byte_size_of_live_soroban_state",
    "total_byte_size_of_live_soroban_state": "total_byte_size_of_live_soroban_state",
    "evicted_ledger_keys_type": "evicted_ledger_keys_type",
    "evicted_ledger_keys_hash": "evicted_ledger_keys_hash",
    "ledger_header": "ledger_header_xdr",
}

# Of these the 200 headers alone can tell nothing.
OF_THE_WHOLE_LEDGER = {
    "transaction_count", "successful_transaction_count", "failed_transaction_count",
    "operation_count", "tx_set_operation_count", "soroban_fee_write_1kb",
    "total_byte_size_of_bucket_list", "total_byte_size_of_live_soroban_state",
    "evicted_ledger_keys_type", "evicted_ledger_keys_hash",
}


def read_zstd(path):
    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read()


def read_jsonl(path):
    return [json.loads(line) for line in read_zstd(path).splitlines()]


@functools.cache
def etl_ledgers():
    """{(corpus, stream): stellar-etl's rows}."""
    rows = collections.defaultdict(list)
    for row in read_jsonl(CORPORA / "stellar-etl-ledgers.jsonl.zst"):
        rows[row.pop("corpus"), row.pop("stream")].append(row)
    return rows


def extract(name, folder):
    """The streams of a .tar.zst below `folder`, as {stream: path}."""
    with tarfile.open(fileobj=io.BytesIO(read_zstd(CORPORA / f"{name}.tar.zst"))) as archive:
        archive.extractall(folder)
    return {str(path.relative_to(folder).with_suffix("")): path
            for path in sorted(folder.rglob("*.xdr"))}


def frames(data):
    """The ledgers of a record-marked stream."""
    out = []
    while data:
        size = struct.unpack_from(">I", data)[0] & 0x7FFFFFFF
        out.append(data[4:4 + size])
        data = data[4 + size:]
    return out


def as_etl(row):
    """A row of ours with stellar-etl's names and its ways to write absence."""
    out = {}
    for etl, ours in ETL_COLUMNS.items():
        value = row[ours]
        if ours == "ledger_close_time":
            value = value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        elif etl in ("signature", "ledger_header"):
            value = base64.b64encode(value or b"").decode()
        elif isinstance(value, bytes):
            value = value.hex()
        elif etl == "tx_set_operation_count":
            value = str(value)
        elif value is None:
            value = "" if etl == "node_id" else 0
        out[etl] = value
    return out


def etl_row(row):
    """A row of stellar-etl's; it writes null and [] for no evictions."""
    return row | {key: row[key] or [] for key in ("evicted_ledger_keys_type",
                                                  "evicted_ledger_keys_hash")}


def differences(ours, theirs):
    """The cells that differ, as text, of two lists of rows of the same ledgers."""
    out = []
    assert len(ours) == len(theirs), (len(ours), len(theirs))
    theirs = {row["sequence"]: etl_row(row) for row in theirs}
    for row in map(as_etl, ours):
        for key, want in theirs[row["sequence"]].items():
            if row[key] != want:
                out.append(f"ledger {row['sequence']}: {key}: {row[key]!r}, stellar-etl {want!r}")
    return out
