"""A second, slow and obvious reading of ledgers: rows out of the JSON that `inspect` prints.

That JSON equals the official command line's (test_sep51.py). Shares no code with the program's way
to rows. It leaves out what JSON does not have: the XDR of parts, and hashes.
"""

import base64
import json
import re

import program

RESULT_CODES = {
    "tx_fee_bump_inner_success": 1, "tx_success": 0, "tx_failed": -1, "tx_too_early": -2,
    "tx_too_late": -3, "tx_missing_operation": -4, "tx_bad_seq": -5, "tx_bad_auth": -6,
    "tx_insufficient_balance": -7, "tx_no_account": -8, "tx_insufficient_fee": -9,
    "tx_bad_auth_extra": -10, "tx_internal_error": -11, "tx_not_supported": -12,
    "tx_fee_bump_inner_failed": -13, "tx_bad_sponsorship": -14, "tx_bad_min_seq_age_or_gap": -15,
    "tx_malformed": -16, "tx_soroban_invalid": -17, "tx_frozen_key_accessed": -18,
}
ENVELOPES = {"tx_v0": 0, "tx": 2, "tx_fee_bump": 5}
MEMOS = ("none", "text", "id", "hash", "return")
SOROBAN = {"invoke_host_function", "extend_footprint_ttl", "restore_footprint"}
HOST_FUNCTIONS = ("invoke_contract", "create_contract", "upload_contract_wasm",
                  "create_contract_v2")
LAST_MICROSECOND = 2 ** 63 - 1


def arm(union):
    """The name of a union's arm, and what is in it."""
    if isinstance(union, dict):
        (name, content), = union.items()
        return name, content
    return union, None


def inside(union, name):
    """What is in the arm `name`; None for another one."""
    return arm(union)[1] if arm(union)[0] == name else None


def plain_address(key):
    """The G... of a key."""
    body, crc = b"\x30" + key, 0
    for byte in body:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return base64.b32encode(body + crc.to_bytes(2, "little")).decode()


def account(text):
    """(G..., key, muxed id, M...) of an address."""
    payload = base64.b32decode(text + "=" * (-len(text) % 8))[1:-2]
    if text[0] == "G":
        return text, payload, None, None
    return plain_address(payload[:32]), payload[:32], int.from_bytes(payload[32:], "big"), text


def text_bytes(escaped):
    """The bytes of a text as SEP-51 writes them."""
    plain = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}
    return b"".join(
        bytes.fromhex(part[2:]) if part.startswith("\\x")
        else plain[part[1:]] if part.startswith("\\") else part.encode()
        for part in re.findall(r"\\x..|\\.|[^\\]+", escaped, re.S))


def ledgers(path):
    """The ledgers of a file or folder: (version, LedgerCloseMeta)."""
    done = program.run("inspect", path)
    assert done.returncode == 0, done.stderr
    return [arm(json.loads(line)) for line in done.stdout.splitlines()]


def envelopes(version, meta):
    if version == "v0":
        yield from meta["tx_set"]["txs"]
        return
    for phase in meta["tx_set"]["v1"]["phases"]:
        kind, content = arm(phase)
        if kind == "v0":
            for component in content:
                yield from component["txset_comp_txs_maybe_discounted_fee"]["txs"]
        else:
            for stage in content["execution_stages"]:
                for cluster in stage:
                    yield from cluster


def inner_of(envelope):
    """The transaction with operations, and its signatures."""
    kind, content = arm(envelope)
    if kind == "tx_fee_bump":
        content = content["tx"]["inner_tx"]["tx"]
    return content["tx"], content["signatures"]


def source_of(envelope):
    """account() of the source of the transaction with operations."""
    transaction, _ = inner_of(envelope)
    if arm(envelope)[0] == "tx_v0":
        key = bytes.fromhex(transaction["source_account_ed25519"])
        return plain_address(key), key, None, None
    return account(transaction["source_account"])


def balance_change(changes, key):
    """After less before of an account, and whether it is there at all."""
    befores, afters = [], []
    for change in changes:
        kind, entry = arm(change)
        if kind in ("state", "updated"):
            data = inside(entry["data"], "account")
            if data and account(data["account_id"])[1] == key:
                (befores if kind == "state" else afters).append(int(data["balance"]))
    assert len(befores) == len(afters)
    return sum(afters) - sum(befores), bool(afters)


def microseconds(seconds):
    fits = int(seconds) <= LAST_MICROSECOND // 1_000_000
    return int(seconds) * 1_000_000 if fits else LAST_MICROSECOND


def transaction_row(meta, place, envelope):
    """The row of the `place`th applied transaction, whose envelope is `envelope`."""
    header = meta["ledger_header"]["header"]
    processed = meta["tx_processing"][place]
    result = processed["result"]["result"]
    kind, outer = arm(envelope)
    transaction, signatures = inner_of(envelope)
    is_bump = kind == "tx_fee_bump"
    if kind == "tx_v0":
        soroban, times, v2 = None, transaction["time_bounds"], None
    else:
        soroban = inside(transaction["ext"], "v1")
        condition, content = arm(transaction["cond"])
        v2 = content if condition == "v2" else None
        times = content if condition == "time" else v2 and v2["time_bounds"]
    source = source_of(envelope)
    payer = account(outer["tx"]["fee_source"]) if is_bump else source
    bid = int(outer["tx"]["fee"] if is_bump else transaction["fee"])
    code, content = arm(result["result"])
    inner_code = arm(content["result"]["result"])[0] if code.startswith("tx_fee_bump") else None
    ledger_bounds = v2 and v2["ledger_bounds"]
    memo_kind, memo = arm(transaction["memo"])
    memo_bytes = text_bytes(memo) if memo_kind == "text" else None
    memo_hash = bytes.fromhex(memo) if memo_kind in ("hash", "return") else None
    bodies = [arm(operation["body"]) for operation in transaction["operations"]]
    functions = [arm(content["host_function"]) for name, content in bodies
                 if name == "invoke_host_function"]
    meta_version, applied = arm(processed["tx_apply_processing"])
    applied_operations = applied if meta_version == "v0" else applied["operations"]
    soroban_meta = None if meta_version in ("v0", "v1", "v2") else applied["soroban_meta"]
    parts = soroban_meta and inside(soroban_meta["ext"], "v1")
    if meta_version == "v3":
        events = len(soroban_meta["events"]) if soroban_meta else 0
    else:
        events = sum(len(operation.get("events", [])) for operation in applied_operations)
    created = [inside(change["created"]["data"], "contract_data")
               for operation in applied_operations for change in operation["changes"]
               if arm(change)[0] == "created"]
    taken, is_taken = balance_change(processed["fee_processing"], payer[1])
    after = (applied["tx_changes_after"] if meta_version not in ("v0", "v1") else []) + (
        processed.get("post_tx_apply_fee_processing", []))
    resources = soroban and soroban["resources"]
    resource_fee = soroban and int(soroban["resource_fee"])
    refund = soroban and balance_change(after, payer[1])[0]
    fee_charged = int(result["fee_charged"])
    if soroban and is_bump and header["ledger_version"] < 21:
        fee_charged = -taken - refund
    return {
        "ledger_sequence": header["ledger_seq"],
        "transaction_index": place + 1,
        "transaction_hash": bytes.fromhex(processed["result"]["transaction_hash"]),
        "source_account": source[0],
        "source_account_ed25519": source[1],
        "source_account_muxed": source[2],
        "account_muxed": source[3],
        "sequence_number": int(transaction["seq_num"]),
        "fee_charged": fee_charged,
        "max_fee": bid,
        "inner_max_fee": transaction["fee"],
        "new_max_fee": bid if is_bump else None,
        "resource_fee": resource_fee,
        "soroban_resource_fee": soroban and resource_fee - refund,
        "resource_fee_refund": refund,
        "inclusion_fee_bid": soroban and bid - resource_fee,
        "inclusion_fee_charged": -taken - resource_fee if soroban and is_taken else None,
        "non_refundable_resource_fee_charged":
            parts and int(parts["total_non_refundable_resource_fee_charged"]),
        "refundable_resource_fee_charged":
            parts and int(parts["total_refundable_resource_fee_charged"]),
        "rent_fee_charged": parts and int(parts["rent_fee_charged"]),
        "successful": code in ("tx_success", "tx_fee_bump_inner_success"),
        "result_code": RESULT_CODES[code],
        "result_code_string": code,
        "transaction_result_code": "TransactionResultCode" + code.title().replace("_", ""),
        "inner_result_code": inner_code and RESULT_CODES[inner_code],
        "operation_count": len(bodies),
        "created_contract_count": None if soroban is None else sum(
            data is not None and data["key"] == "ledger_key_contract_instance"
            for data in created),
        "time_bounds_min": times and microseconds(times["min_time"]),
        "time_bounds_max":
            microseconds(times["max_time"]) if times and times["max_time"] != "0" else None,
        "time_bounds": times and "[{},{})".format(
            times["min_time"], "" if times["max_time"] == "0" else times["max_time"]),
        "ledger_bounds_min": ledger_bounds and ledger_bounds["min_ledger"],
        "ledger_bounds_max": ledger_bounds and ledger_bounds["max_ledger"],
        "ledger_bounds":
            ledger_bounds and "[{min_ledger},{max_ledger})".format(**ledger_bounds),
        "min_account_sequence":
            int(v2["min_seq_num"]) if v2 and v2["min_seq_num"] is not None else None,
        "min_account_sequence_age": v2 and int(v2["min_seq_age"]),
        "min_account_sequence_ledger_gap": v2 and v2["min_seq_ledger_gap"],
        "extra_signers_count": v2 and len(v2["extra_signers"]),
        "extra_signers": v2["extra_signers"] if v2 else [],
        "signature_count": len(signatures),
        "signature_hints": [signature["hint"] for signature in signatures],
        "fee_bump_signature_count": len(outer["signatures"]) if is_bump else None,
        "fee_bump_signature_hints":
            [signature["hint"] for signature in outer["signatures"]] if is_bump else [],
        "fee_source": payer[0] if is_bump else None,
        "fee_account_muxed": payer[3] if is_bump else None,
        "memo_type": MEMOS.index(memo_kind),
        "memo_text": memo_bytes if memo_bytes is None else memo_bytes.decode(errors="replace"),
        "memo_text_bytes": memo_bytes,
        "memo_id": int(memo) if memo_kind == "id" else None,
        "memo_hash": memo_hash if memo_kind == "hash" else None,
        "memo_return_hash": memo_hash if memo_kind == "return" else None,
        "memo": None if memo_kind == "none" else memo if memo_kind == "id"
                else memo_bytes.decode(errors="replace") if memo_kind == "text"
                else base64.b64encode(memo_hash).decode(),
        "protocol_version": header["ledger_version"],
        "transaction_envelope_type": ENVELOPES[kind],
        "soroban_operations_count": sum(name in SOROBAN for name, _ in bodies) or None,
        "soroban_resources_instructions": resources and resources["instructions"],
        "soroban_resources_read_bytes": resources and resources["disk_read_bytes"],
        "soroban_resources_disk_read_bytes": resources and resources["disk_read_bytes"],
        "soroban_resources_write_bytes": resources and resources["write_bytes"],
        "soroban_resources_metadata_size_bytes": None,
        "soroban_resources_archived_entries":
            soroban["ext"]["v1"]["archived_soroban_entries"]
            if soroban and arm(soroban["ext"])[0] == "v1" else [],
        "soroban_host_function_type":
            HOST_FUNCTIONS.index(functions[0][0]) if functions else None,
        "soroban_contract_id":
            functions[0][1]["contract_address"]
            if functions and functions[0][0] == "invoke_contract"
            and functions[0][1]["contract_address"][0] == "C" else None,
        "contract_events_count": events,
        "new_account": any(name == "create_account" for name, _ in bodies),
    }


def envelope_of(row, result, candidates):
    """The envelope of our row of a transaction: JSON cannot be hashed to pair them. A source uses a
    number once; of ledgers made by hand, where it may not, what was done tells."""
    found = [one for one in candidates
             if (source_of(one)[1], int(inner_of(one)[0]["seq_num"]))
             == (row["source_account_ed25519"], row["sequence_number"])]
    if len(found) > 1:
        done = [arm(arm(one)[1])[0] for one in arm(result["result"])[1]]
        found = [one for one in found
                 if [arm(operation["body"])[0] for operation in inner_of(one)[0]["operations"]] == done]
    one, = found
    return one


def transaction_differences(path, rows):
    """The cells of `rows`, ours of the transactions in `path`, that this reading has otherwise."""
    out = []
    rows = iter(rows)
    for version, meta in ledgers(path):
        candidates = list(envelopes(version, meta))
        for place, processed in enumerate(meta["tx_processing"]):
            row = next(rows)
            envelope = envelope_of(row, processed["result"]["result"], candidates)
            for column, want in transaction_row(meta, place, envelope).items():
                if row[column] != want or type(row[column]) is not type(want):
                    out.append(f"ledger {row['ledger_sequence']}, transaction {place + 1}: "
                               f"{column}: {row[column]!r}, the second reader {want!r}")
    assert next(rows, None) is None
    return out
