"""Ledgers that are made up: served, followed, written, and said to be what they are."""

import json
import re
import time

import pyarrow as pa
import pytest

import program
from program import TABLE, read, run, serve
from test_tip import Follower

PASSPHRASE = "Synthetic Network ; stellar-arrow-source"


def export(table, settings, folder, *extra):
    out = folder / "rows.arrows"
    done = run("export", table, "--source", f"synthetic:?{settings}", "--output", out, "--quiet",
               *extra)
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(out) as stream:
        return stream.read_all()


def test_client_follows_ledgers_as_they_come():
    with serve("synthetic:?pace=200ms&transactions=5", "--verify", "full") as server:
        begun = time.monotonic()
        follower = Follower(server, f"{TABLE}:0")
        follower.wait_for(12)
        assert follower.sequences[:11] == list(range(2, 13))
        assert time.monotonic() - begun > 1  # ten ledgers more than the first, but for the start
        # Some other client, later, gets the same ledgers.
        with server.connect() as client:
            assert read(client, f"{TABLE}:4:9").ended().sequences == list(range(4, 10))
        follower.close()
        assert f"are made up; their network is '{PASSPHRASE}'" in server.log


def test_range_that_ends_beyond_what_is_due_waits_for_it():
    with serve("synthetic:?pace=100ms&transactions=2&count=20") as server:
        with server.connect() as client:
            assert read(client, f"{TABLE}:2:21").ended().sequences == list(range(2, 22))
            error = read(client, f"{TABLE}:2:22").error
            assert program.wire_code(error) == "OUT_OF_RANGE", error


def test_without_a_pace_every_range_is_there_at_once():
    with serve("synthetic:?transactions=2") as server, server.connect() as client:
        late = read(client, f"{TABLE}:700:703").ended().table
        assert read(client, f"{TABLE}:0:3").ended().sequences == [2, 3]
        assert read(client, f"{TABLE}:700:703").ended().table == late
        assert program.wire_code(read(client, f"{TABLE}:1:3").error) == "OUT_OF_RANGE"


def test_mock_data_serves_synthetic_ledgers(tmp_path):
    out = tmp_path / "rows.arrows"
    done = run("export", f"{TABLE}:2:4", "--output", out, env={"MOCK_DATA": "true"})
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(out) as stream:
        assert stream.read_all().column("ledger_sequence").to_pylist() == [2, 3, 4]
    assert f"the ledgers of 'synthetic:' are made up; their network is '{PASSPHRASE}'" in done.stderr


# Leaves a case's ledgers to its own transactions.
ALONE = "transactions=1&soroban=0"


def rows_of(table, settings, *columns):
    return lambda folder: export(table, settings, folder, "--columns", ",".join(columns)).to_pylist()


def operations_of(case, kind, successful=True):
    """Whether a case has such an operation in a transaction that succeeds (or fails)."""
    return lambda folder: {"operation_type_string": kind, "transaction_successful": successful} in (
        rows_of("operations", f"case={case}&count=4&{ALONE}", "operation_type_string",
                "transaction_successful")(folder))


def cells_of(table, case, column):
    return lambda folder: any(row[column] is not None for row in rows_of(
        table, f"case={case}&count=4&{ALONE}", column)(folder))


def json_has(settings, text):
    def has(_):
        done = run("inspect", f"synthetic:?{settings}")
        assert done.returncode == 0, done.stderr
        return text in json.dumps(json.loads(done.stdout.splitlines()[-1]))
    return has


def soroban_fee_bump_of_protocol_20(folder):
    found = [row for row in rows_of(
        "transactions", f"case=soroban_fee_bump&count=4&protocol=20&{ALONE}",
        "protocol_version", "fee_source", "soroban_operations_count", "successful")(folder)
        if row["fee_source"] and row["soroban_operations_count"]]
    assert {row["protocol_version"] for row in found} == {20}
    return {row["successful"] for row in found} == {True, False}


# What real ledgers lack, by case: whether the case has it.
LACKING = {
    "operation `inflation`": {
        "inflation": operations_of("inflation", "inflation", successful=False),
        "inflation_payout": operations_of("inflation_payout", "inflation")},
    "operation `revoke_sponsorship`": {
        f"revoke_sponsorship_{kind}": operations_of(f"revoke_sponsorship_{kind}",
                                                    "revoke_sponsorship")
        for kind in ("account", "trustline", "offer", "data", "signer", "claimable_balance",
                     "pool_share")},
    "a `liquidity_pool_withdraw` that succeeds": {
        "liquidity_pool_withdraw": operations_of("liquidity_pool_withdraw",
                                                 "liquidity_pool_withdraw")},
    "Soroban fee bumps of protocol 20": {"soroban_fee_bump": soroban_fee_bump_of_protocol_20},
    "refunds that are told after the transaction": {
        "soroban_refund": json_has("case=soroban_refund&count=3&protocol=22&meta=4",
                                   '"stage": "after_tx"')},
    "`operations.data_name`": {"manage_data": cells_of("operations", "manage_data", "data_name")},
    "`operations.data_value`": {"manage_data": cells_of("operations", "manage_data", "data_value")},
    "`transactions.memo_hash`": {"memos": cells_of("transactions", "memos", "memo_hash")},
    "`transactions.memo_return_hash`": {
        "memos": cells_of("transactions", "memos", "memo_return_hash")},
    "parts of the resource fee in metas of version 4": {
        "soroban_refund": cells_of("transactions", "soroban_refund", "rent_fee_charged")},
    "a ledger's extension": {
        "soroban_refund": json_has("case=soroban_refund&count=3", '"soroban_fee_write1_kb"')},
    "messages in `scpInfo`": {
        "consensus_messages": json_has("case=consensus_messages&count=3", '"externalize"')},
}
for _kind in ("manage_data", "clawback", "clawback_claimable_balance"):
    LACKING[f"operation `{_kind}`"] = {_kind: operations_of(_kind, _kind)}
for _column in ("source_account_muxed", "clawback_enabled", "home_domain"):
    LACKING[f"`operations.{_column}`"] = {_column: cells_of("operations", _column, _column)}
LACKING["`transactions.min_account_sequence`"] = {
    "min_account_sequence": cells_of("transactions", "min_account_sequence",
                                     "min_account_sequence")}


def test_document_names_a_case_for_all_that_recorded_ledgers_lack():
    document = (program.ROOT / "docs/synthetic.md").read_text()
    rows = re.findall(r"^\| (.*) \| (.*) \|$", document.split("| lacking | cases |")[1], re.M)[1:]
    assert {lacking: set(cases.replace("`", "").split(", ")) for lacking, cases in rows} == {
        lacking: set(cases) for lacking, cases in LACKING.items()}


@pytest.mark.parametrize("lacking,case", [(lacking, case) for lacking, cases in LACKING.items()
                                          for case in cases])
def test_case_has_what_recorded_ledgers_lack(tmp_path, lacking, case):
    assert LACKING[lacking][case](tmp_path), f"{case} has no {lacking}"


@pytest.mark.parametrize("protocol", [13, 18, 20, 22, 23, 28])
def test_token_transfers_are_the_same_from_events_and_derived(tmp_path, protocol):
    columns = ["ledger_sequence", "transaction_hash", "operation_index", "event_type",
               "from_account", "to_account", "asset_code", "asset_issuer", "amount", "fee_charged",
               "to_muxed_id"]

    def rows(events):
        settings = (f"count=60&transactions=20&protocol={protocol}&meta=4&events={events}")
        return export("ttp_events", settings, tmp_path, "--columns", ",".join(columns)).to_pylist()

    told, derived = rows("on"), rows("off")
    assert len(told) > 1500
    assert told == derived


def test_lake_of_them_is_verified_and_says_its_network(tmp_path):
    lake = tmp_path / "lake"
    done = run("lake", "write", "--source", "synthetic:?count=30&transactions=5", "--output", lake,
               "--ledgers-per-file", "4")
    assert done.returncode == 0, done.stderr
    assert PASSPHRASE in (lake / ".config.json").read_text()
    done = run("verify", "--source", lake, "--level", "full", "--json", "--quiet")
    assert program.last_json(done.stdout)["ledgers"] == 30


@pytest.mark.parametrize("url,says", [
    ("synthetic:?ledgers=5", "unknown setting 'ledgers'"),
    ("synthetic:?count=five", "count=five"),
    ("synthetic:somewhere", "a path"),
    ("synthetic:?case=nothing", "there are inflation"),
])
def test_what_is_not_understood_is_refused(url, says):
    done = run("verify", "--source", url)
    assert done.returncode != 0
    assert says in done.stderr
