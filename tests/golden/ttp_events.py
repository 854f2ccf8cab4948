"""Token-transfer events as the official Go SDK tells them, and as rows of ttp_events.

tests/compare/go/ttp_events prints what is read here; tests/data/corpora/ttp-events.jsonl.zst keeps
it.
"""

import base64
import datetime

import pyarrow as pa

import corpora
import program

STANDALONE = "Standalone Network ; February 2017"
PUBNET = "Public Global Stellar Network ; September 2015"
TYPES = {"transfer", "mint", "burn", "clawback", "fee"}


def passphrase(stream):
    """Of a stream named as test_sep51.streams() names them."""
    if stream.startswith(("test-lcm-current/", "test-lcm-next/")):
        return corpora.CORE_TESTS
    if stream.startswith(("load-test-ledgers-v23", "made/", "cases/", "refused/")):
        return STANDALONE
    if stream.startswith("load-test-ledgers-v24"):
        return "load test network"
    return "Test SDF Network ; September 2015" if stream.startswith("galexie") else PUBNET


def corpus(stream):
    """The first part of its name, without the number of a ledger."""
    name = stream.split("/")[0].removesuffix(".xdr.zstd")
    return "pubnet" if name in ("30820015", "pubnet-lake") else name


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
    return (crc & 0xFFFF).to_bytes(2, "little")


def muxed_account(account, number):
    """The M... of a G... and an id."""
    payload = b"\x60" + base64.b32decode(account)[1:33] + number.to_bytes(8, "big")
    return base64.b32encode(payload + crc16(payload)).decode().rstrip("=")


def as_row(event, index):
    """The row of ttp_events that an event of the SDK's stands for."""
    toid = event["ledger"] << 32 | event["transaction"] << 12
    operation = event["operation"]
    asset = event["asset"]
    code, issuer = asset.split(":") if ":" in asset else (None, None)
    amount = int(event["amount"])
    muxed_id = event.get("muxed_id")
    text = event.get("muxed_text")
    text = None if text is None else bytes.fromhex(text)
    muxed_hash = event.get("muxed_hash")
    memo, memo_type = event["memo"], event["memo_type"]
    if memo_type == "text":
        memo = bytes.fromhex(memo).decode(errors="replace")
    assert event["type"] in TYPES
    return {
        "ledger_sequence": event["ledger"],
        "ledger_close_time": datetime.datetime.fromtimestamp(event["closed"],
                                                             datetime.timezone.utc),
        "transaction_hash": event.get("hash"),
        "operation_index": operation,
        "event_type": event["type"],
        "from_account": event["from"],
        "to_account": event["to"],
        "asset_code": code,
        "asset_issuer": issuer,
        "amount": min(max(amount, -2**63), 2**63 - 1),
        "amount_precision": 7 if asset else 0,
        "memo": None if memo_type == "none" else memo,
        "memo_type": memo_type,
        "operation_source_account": event.get("source"),
        "is_native_asset": asset == "native",
        "is_path_payment": "path_length" in event,
        "path_length": event.get("path_length"),
        "fee_charged": event["fee_charged"],
        "max_fee": event["max_fee"],
        "event_index": index,
        "transaction_index": event["transaction"],
        "transaction_id": toid,
        "operation_id": toid | operation if operation else None,
        "amount_raw": event["amount"],
        "contract_id": event["contract"],
        "asset": asset or None,
        "asset_type": (None if not asset else "native" if code is None else
                       "credit_alphanum4" if len(code) <= 4 else "credit_alphanum12"),
        "to_muxed": (muxed_account(event["to"], muxed_id)
                     if muxed_id is not None and event["to"].startswith("G") else None),
        "to_muxed_id": muxed_id,
        "to_memo_text": None if text is None else text.decode(errors="replace"),
        "to_memo_text_bytes": text,
        "to_memo_hash": None if muxed_hash is None else bytes.fromhex(muxed_hash),
    }


def as_rows(events):
    """The rows of events in the SDK's order, several ledgers' one after the other."""
    rows, ledger, index = [], None, 0
    for event in events:
        index = index + 1 if event["ledger"] == ledger else 0
        ledger = event["ledger"]
        rows.append(as_row(event, index))
    return rows


def export(path, network, folder):
    """The rows of ttp_events of a file, every batch of them proven valid."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "ttp_events.arrows"
    done = program.run("export", "ttp_events", "--source", path, "--network", network, "--verify",
                       "structure", "--output", out, "--threads", "1", "--quiet")
    assert done.returncode == 0, done.stderr
    rows = []
    with pa.ipc.open_stream(out) as stream:
        for batch in stream:
            batch.validate(full=True)
            rows += batch.to_pylist()
    out.unlink()
    return rows


def export_stream(stream, path, folder):
    """The same of a record-marked stream, ledger by ledger where numbers are missing."""
    if not stream.startswith("load-test"):
        return export(path, passphrase(stream), folder)
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(corpora.frames(path.read_bytes())):
        one = folder / f"{index}.xdr"
        one.write_bytes(frame)
        rows += export(one, passphrase(stream), folder)
    return rows


def differences(stream, ours, theirs):
    """The cells that differ, as text; a cell of theirs that is not kept is not compared."""
    out = []
    if len(ours) != len(theirs):
        out.append(f"{stream}: {len(ours)} rows, the SDK has {len(theirs)}")
    for row, want in zip(ours, theirs):
        assert list(row) == list(want)
        if want["transaction_hash"] is None:
            want = want | {"transaction_hash": row["transaction_hash"]}
        elif isinstance(want["transaction_hash"], str):
            want = want | {"transaction_hash": bytes.fromhex(want["transaction_hash"])}
        out += [f"{stream}: ledger {row['ledger_sequence']}, event {row['event_index']}: "
                f"{name}: {row[name]!r}, the SDK has {cell!r}"
                for name, cell in want.items() if row[name] != cell]
    return out
