#!/usr/bin/env python3
"""Compares every cell of stellar_ledger with what the official crate reads off the ledgers.

    stellar_ledger.py [ARBITRARY]

Needs Cargo (tests/compare/rust_crate.py). Every ledger of the corpora is compared, and ARBITRARY (2000)
ledgers made of arbitrary values: these have what no corpus has, such as all kinds of close values,
extensions, and metas of all versions with all results.
"""

import base64
import json
import os
import pathlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import pyarrow as pa  # noqa: E402

import corpora  # noqa: E402
import program  # noqa: E402
import rust_crate  # noqa: E402
import test_sep51  # noqa: E402

SOROBAN = {"invoke_host_function", "extend_footprint_ttl", "restore_footprint"}

# Texts that an arbitrary ledger's JSON shall contain, one after the other.
HINTS = [None, '"signed_ms"', '"empty_tx_set_ms"', '"empty_tx_set"', '"soroban_fee_write1_kb"',
         '"flags":', '"evicted_keys":[{', '"tx_success":[{', '"tx_fee_bump_inner_success"',
         '"soroban_meta":{"ext"', '"execution_stages":[[[{', '"txset_comp_txs_maybe_discounted_fee"',
         '"invoke_host_function"', '"events":[{"ext"']


def encode(type_name, value):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(value, file)
        file.flush()
        return rust_crate.values("encode", type_name, file.name)


def arm(union):
    """(case, value) of a union; the value of a void one is None."""
    return (union, None) if isinstance(union, str) else next(iter(union.items()))


def int64(number):
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def envelopes(tx_set, version):
    if version == "v0":
        yield from tx_set["txs"]
        return
    for phase in arm(tx_set)[1]["phases"]:
        case, phase = arm(phase)
        if case == "v0":
            for component in phase:
                yield from arm(component)[1]["txs"]
        else:
            for stage in phase["execution_stages"]:
                for cluster in stage:
                    yield from cluster


def operations(envelope):
    case, value = arm(envelope)
    if case == "tx_fee_bump":
        value = arm(value["tx"]["inner_tx"])[1]
    return value["tx"]["operations"]


def successful_operations(result):
    """The operations of a transaction's result; None if it has failed."""
    case, value = arm(result)
    if case == "tx_success":
        return len(value)
    if case == "tx_fee_bump_inner_success":
        case, value = arm(value["result"]["result"])
        return len(value) if case in ("tx_success", "tx_failed") else 0
    return None


def contract_events(meta):
    case, value = arm(meta)
    if case == "v3" and value["soroban_meta"]:
        return len(value["soroban_meta"]["events"])
    return sum(len(op["events"]) for op in value["operations"]) if case == "v4" else 0


def wanted(text, wire):
    """The row of a ledger, from its official JSON."""
    version, meta = arm(json.loads(text))
    entry = meta["ledger_header"]
    header = entry["header"]
    value = header["scp_value"]
    kind, close = arm(value["ext"])
    signature = {"basic": None, "signed": close}[kind] if kind in ("basic", "signed") else \
        close["lc_value_signature"]
    micros = int(close["close_time_ms"]) * 1000 if kind.endswith("_ms") else \
        int(value["close_time"]) * 1_000_000
    fee = arm(meta.get("ext", "v0"))[1]
    flags = arm(header["ext"])[1]
    evicted = meta.get("evicted_keys", [])
    size = meta.get("total_byte_size_of_live_soroban_state")
    bodies = [arm(op["body"])[0] for envelope in envelopes(meta["tx_set"], version)
              for op in operations(envelope)]
    results = [processed["result"]["result"] for processed in meta["tx_processing"]]
    succeeded = [count for result in results
                 if (count := successful_operations(result["result"])) is not None]
    return {
        "ledger_sequence": header["ledger_seq"],
        "ledger_close_time": int64(micros),
        "ledger_hash": bytes.fromhex(entry["hash"]),
        "previous_ledger_hash": bytes.fromhex(header["previous_ledger_hash"]),
        "transaction_count": len(results),
        "operation_count": sum(succeeded),
        "successful_transaction_count": len(succeeded),
        "failed_transaction_count": len(results) - len(succeeded),
        "protocol_version": header["ledger_version"],
        "base_fee": header["base_fee"],
        "base_reserve": header["base_reserve"],
        "max_tx_set_size": header["max_tx_set_size"],
        "close_time_resolution": 1,
        "ledger_close_meta_xdr": wire,
        "tx_set_operation_count": len(bodies),
        "soroban_op_count": sum(body in SOROBAN for body in bodies),
        "id": int64(header["ledger_seq"] << 32),
        "total_coins": int(header["total_coins"]),
        "fee_pool": int(header["fee_pool"]),
        "total_fee_charged": int64(sum(int(result["fee_charged"]) for result in results)),
        "inflation_seq": header["inflation_seq"],
        "id_pool": int(header["id_pool"]),
        "bucket_list_hash": bytes.fromhex(header["bucket_list_hash"]),
        "tx_set_hash": bytes.fromhex(value["tx_set_hash"]),
        "tx_set_result_hash": bytes.fromhex(header["tx_set_result_hash"]),
        "header_flags": flags and flags["flags"],
        "node_id": signature and signature["node_id"],
        "signature": signature and bytes.fromhex(signature["signature"]),
        "soroban_fee_write_1kb": fee and int(fee["soroban_fee_write1_kb"]),
        "total_byte_size_of_live_soroban_state": size and int(size),
        "evicted_keys_count": len(evicted),
        "evicted_ledger_keys_type": ["LedgerEntryType" + arm(key)[0].title().replace("_", "")
                                     for key in evicted],
        "evicted_ledger_keys_hash": [base64.b64encode(encode("LedgerKey", key)).decode()
                                     for key in evicted],
        "contract_events_count": sum(contract_events(processed["tx_apply_processing"])
                                     for processed in meta["tx_processing"]),
        "ledger_header_xdr": encode("LedgerHeader", header),
    }


def compare(wire, folder, name):
    """Exits at the first cell of a ledger that differs."""
    path = folder / f"{name}.xdr"
    path.write_bytes(wire)
    want = wanted(rust_crate.values("decode", "LedgerCloseMeta", path), wire)
    out = path.with_suffix(".arrows")
    done = program.run("export", program.TABLE, "--source", path, "--verify", "structure",
                       "--threads", "1", "--quiet", "--output", out)
    assert done.returncode == 0, (name, done.stderr)
    with pa.ipc.open_stream(out) as stream:
        table = stream.read_all()
    # Times beyond Python's are compared too.
    time = table.schema.get_field_index("ledger_close_time")
    got, = table.set_column(time, "ledger_close_time", table[time].cast(pa.int64())).to_pylist()
    assert list(got) == list(want), name
    for column, cell in want.items():
        if got[column] != cell:
            sys.exit(f"{name}: {column}: ours {got[column]!r}, theirs {cell!r}: {wire.hex()}")
    path.unlink()
    out.unlink()


def compare_arbitrary(number, folder):
    hint = HINTS[number % len(HINTS)]
    compare(rust_crate.values("arbitrary", "LedgerCloseMeta", *([hint] if hint else [])), folder,
            f"arbitrary-{number}")


def main():
    arbitrary = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(folder)
        list(pool.map(lambda number: compare_arbitrary(number, folder), range(arbitrary)))
        print(f"{arbitrary} arbitrary ledgers are the same")
        inputs = folder / "in"
        inputs.mkdir()
        ledgers = [(frame, f"{stream.replace('/', '-')}-{index}")
                   for stream, path in test_sep51.streams(inputs).items()
                   for index, frame in enumerate(corpora.frames(path.read_bytes()))]
        list(pool.map(lambda ledger: compare(ledger[0], folder, ledger[1]), ledgers))
        print(f"{len(ledgers)} ledgers of the corpora are the same")


main()
