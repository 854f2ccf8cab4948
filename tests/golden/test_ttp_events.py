"""Every token-transfer event of every corpus is what the official tools make of the ledgers."""

import base64
import collections
import itertools
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

import corpora
import program
import test_sep51
import transfer_ledgers
import ttp_events


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """{stream: rows of ttp_events} of all corpora, and of the ledgers made by hand."""
    folder = tmp_path_factory.mktemp("ttp_events")
    files = test_sep51.streams(folder)
    for name, content in transfer_ledgers.good().items():
        files[name] = folder / name.replace("/", "-")
        files[name].write_bytes(content)

    def export(stream):
        return ttp_events.export_stream(stream, files[stream], folder / "out" / stream)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(files, pool.map(export, files)))


def test_every_event_equals_the_official_sdk_in_its_order(exported):
    kept = corpora.read_jsonl(corpora.CORPORA / "ttp-events.jsonl.zst")
    theirs = {stream: list(events)
              for stream, events in itertools.groupby(kept, lambda event: event["stream"])}
    assert theirs.keys() <= exported.keys()
    lines, counts = [], collections.Counter()
    for stream, ours in exported.items():
        lines += ttp_events.differences(stream, ours, ttp_events.as_rows(theirs.get(stream, [])))
        counts[ttp_events.corpus(stream)] += len(ours)
    assert lines == []
    assert counts == {
        "test-lcm-current": 14124, "test-lcm-next": 3426, "load-test-ledgers-v23-standalone": 2400,
        "load-test-ledgers-v24": 2400, "pubnet": 430, "galexie-lake": 23,
        "made": 1590,
    }


def rows_of(content, folder):
    path = folder / "ledger.xdr"
    path.write_bytes(content)
    return ttp_events.export(path, ttp_events.STANDALONE, folder / "out")


@pytest.mark.parametrize("name", transfer_ledgers.alike())
def test_ledgers_that_mean_the_same_have_the_same_events(tmp_path, name):
    first, *others = [rows_of(one, tmp_path) for one in transfer_ledgers.alike()[name]]
    assert first
    for other in others:
        assert other == first


def test_a_muxed_contract_is_named_as_such(tmp_path):
    row = rows_of(transfer_ledgers.muxed_contract(), tmp_path)[-1]
    to = row["to_account"]
    assert to.startswith("W") and len(to) == 69
    assert base64.b32decode(to + "===")[1:-2] == transfer_ledgers.key("vault") + bytes(7) + b"\7"


@pytest.mark.parametrize("name", transfer_ledgers.refused())
def test_what_the_sdk_cannot_read_is_refused_by_ledger_transaction_and_path(tmp_path, name):
    content, words = transfer_ledgers.refused()[name]
    path = tmp_path / "ledger.xdr"
    path.write_bytes(content)
    done = program.run("export", "ttp_events", "--source", path, "--network",
                       ttp_events.STANDALONE, "--verify", "structure", "--format", "null")
    assert done.returncode == 1
    assert re.search(rf"DATA_LOSS: {path}: ledger \d+: transaction [0-9a-f]{{64}}: "
                     r"v\d\.txProcessing\[0\]\.", done.stderr), done.stderr
    assert words in done.stderr


def as_etl(row):
    """A row of ours with stellar-etl's names and its ways to write values."""
    asset_type = row["asset_type"]
    return {
        "ledger_sequence": row["ledger_sequence"],
        "closed_at": row["ledger_close_time"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "transaction_hash": row["transaction_hash"].hex(),
        "transaction_id": row["transaction_id"],
        "operation_id": row["operation_id"],
        "event_topic": row["event_type"],
        "from": row["from_account"] or None,
        "to": row["to_account"] or None,
        "asset": (asset_type if asset_type in (None, "native") else
                  f"{asset_type}:{row['asset']}") or "",
        "asset_type": asset_type,
        "asset_code": row["asset_code"],
        "asset_issuer": row["asset_issuer"],
        "amount_raw": row["amount_raw"],
        "contract_id": row["contract_id"],
        "to_muxed": row["to_muxed"],
        "to_muxed_id": None if row["to_muxed_id"] is None else str(row["to_muxed_id"]),
    }


def test_every_event_of_a_core_that_wrote_classic_ones_equals_stellar_etl(exported):
    """It reads no other ledgers. Its rows have no order, and `amount` is rounded."""
    theirs = collections.defaultdict(collections.Counter)
    for row in corpora.read_jsonl(corpora.CORPORA / "stellar-etl-token-transfers.jsonl.zst"):
        stream = row.pop("stream")
        assert float(row.pop("amount")) == pytest.approx(int(row["amount_raw"]) / 1e7)
        theirs[stream][tuple(sorted(row.items(), key=str))] += 1
    ours = collections.defaultdict(collections.Counter)
    for stream, rows in exported.items():
        name = "pubnet" if ttp_events.corpus(stream) == "pubnet" else stream
        for row in rows:
            ours[name][tuple(sorted(as_etl(row).items(), key=str))] += 1
    assert theirs.pop("published") == ours["pubnet"]
    assert {stream: theirs[stream] - ours[stream] for stream in theirs
            if theirs[stream] - ours[stream]} == {}
    assert theirs["pubnet"] == ours["pubnet"]
    assert sum(sum(rows.values()) for rows in theirs.values()) == 791
