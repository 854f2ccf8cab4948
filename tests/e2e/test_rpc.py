"""Ledgers from a Stellar RPC node (a stub of one that replays recorded ledgers): the same as from a
folder, nothing lost or doubled where it fails, and no secret of its URL told."""

import json
import pathlib

import pyarrow.flight as flight
import pytest

import ledgers
from cutting_proxy import CuttingProxy
from program import TABLE, eventually, read, read_until_unavailable, run, serve
from rpc_stub import RpcStub
from services import NO_FLUSH, export

FIRST, COUNT = 5000, 300
LAST = FIRST + COUNT - 1


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [20_000] * COUNT)


def sequences(done):
    return [int(line) for line in done.stdout.split()[1:]]


def export_sequences(stub, request, *more, **kwargs):
    return run("export", request, "--source", stub.url, "--columns", "ledger_sequence", "--format",
               "csv", "--quiet", *more, **kwargs)


def test_rows_are_those_of_the_folder_to_the_byte(tmp_path, pubnet):
    want = export(ledgers.PUBNET_LAKE, ledgers.FIRST, ledgers.NEWEST, tmp_path / "folder")
    with RpcStub(pubnet) as stub:
        got = export(stub.url, ledgers.FIRST, ledgers.NEWEST, tmp_path / "rpc")
    assert got == want


def test_faults_of_a_node_lose_and_double_nothing(tmp_path, chain):
    lake = ledgers.write_lake(tmp_path / "lake", chain, per_file=4)
    with RpcStub(chain, most=7) as stub:
        with serve(stub.url, *NO_FLUSH) as server, server.connect() as client, \
                serve(lake, *NO_FLUSH) as plain, plain.connect() as plain_client:
            # The first page probes for the network's second ledger; then each kind of fault twice.
            ticket = f"{TABLE}:{FIRST}:{LAST}"
            stub.faults.extend(["503", None, "html", "cut", None, None, "reset", "internal", None,
                                "reset", None, "cut", None, "503", None, "html", None, "internal"])
            got = read(client, ticket).ended()
            want = read(plain_client, ticket).ended()
            assert got.sequences == list(chain)
            assert [batch.columns for batch in got.batches] == [batch.columns
                                                                for batch in want.batches]
            assert not stub.faults
            # Not of all: a connection that is reset before its answer is tried anew by curl itself.
            eventually(lambda: sum(value for series, value in server.metrics().items()
                                   if series.startswith("retries_total")) >= 8)


def test_what_a_node_keeps_no_more_is_out_of_range_with_what_it_keeps(chain):
    with RpcStub(chain) as stub:
        done = export_sequences(stub, f"{TABLE}:{FIRST - 1}:{LAST}")
        assert done.returncode == 1
        assert f"OUT_OF_RANGE: {stub.url} does not have ledger {FIRST - 1}" in done.stderr
        assert f"{FIRST} to {LAST}" in done.stderr


def test_a_node_with_a_lake_behind_it_gives_all_history():
    old = ledgers.make_chain(2, [500] * 30)
    with RpcStub(old) as stub:
        stub._getHealth = lambda _: {"result": {"status": "healthy", "latestLedger": 31,
                                                "oldestLedger": 20, "ledgerRetentionWindow": 12}}
        assert sequences(export_sequences(stub, f"{TABLE}:2:31")) == list(range(2, 32))


def test_the_tip_is_waited_for_and_is_no_failure(chain):
    early = {sequence: lcm for sequence, lcm in chain.items() if sequence < FIRST + 10}
    late = {sequence: lcm for sequence, lcm in chain.items() if FIRST + 10 <= sequence < FIRST + 15}
    with RpcStub(early) as stub, serve(stub.url) as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        rows = []
        while len(rows) < 10:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        stub.grow(late)
        while len(rows) < 15:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        reader.cancel()
        assert rows == list(range(FIRST, FIRST + 15))
        assert sum(value for series, value in server.metrics().items()
                   if series.startswith("retries_total")) == 0
        # `stellar_ledger` alone begins with the newest there is.
        reader = client.do_get(flight.Ticket(TABLE))
        assert reader.read_chunk().data.column("ledger_sequence").to_pylist() == [FIRST + 14]
        reader.cancel()


def test_two_nodes_far_apart_behind_one_address_give_every_ledger_once(chain):
    early = {sequence: lcm for sequence, lcm in chain.items() if sequence < FIRST + 60}
    with RpcStub(early) as stub, serve(stub.url) as server, server.connect() as client:
        stub.lag = 50
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        rows = []
        for newest in range(FIRST + 60, FIRST + 66):
            while not rows or rows[-1] < newest - 1:
                rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
            stub.grow({newest: chain[newest]})
        reader.cancel()
        assert rows == list(range(FIRST, rows[-1] + 1))


def test_a_node_that_is_unhealthy_still_gives_what_it_has(chain):
    with RpcStub(chain) as stub:
        stub._getHealth = lambda _: {"error": {"code": -32603, "message": "latency is too high"}}
        assert sequences(export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}")) == list(chain)


def test_a_ledger_that_is_missing_behind_the_tip_is_named(chain):
    with RpcStub(ledgers.without(chain, FIRST + 20)) as stub:
        done = export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}")
        assert done.returncode == 1
        assert f"ledger {FIRST + 20} is missing" in done.stderr
        assert sequences(done) == list(range(FIRST, FIRST + 20))


@pytest.mark.parametrize("field,value", [
    ("sequence", FIRST + 6), ("sequence", str(FIRST + 5)), ("sequence", 2**63), ("sequence", -1),
    ("hash", "00" * 32), ("hash", None), ("metadataXdr", "=" * 8), ("metadataXdr", "AAAA"),
    ("metadataXdr", ""), ("metadataXdr", {"v": 0})])
def test_a_field_that_is_wrong_is_named_and_ends_the_stream(chain, field, value):
    with RpcStub(chain) as stub:
        entry = stub._entry
        stub._entry = lambda sequence: entry(sequence) | ({field: value} if sequence == FIRST + 5
                                                          else {})
        done = export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}")
        assert done.returncode == 1
        # Behind the right ones of its page that is.
        assert set(sequences(done)) <= set(range(FIRST, FIRST + 5))
        assert f"].{field}" in done.stderr or "].metadataXdr" in done.stderr


@pytest.mark.parametrize("field", ["sequence", "hash", "metadataXdr", "s\\u0065quence"])
def test_a_field_that_is_there_twice_is_named(chain, field):
    """Readers of JSON differ in which of the two they take."""
    with RpcStub(chain) as stub:
        def page(call, params):
            said = json.dumps({"id": 1} | stub._getLedgers(params))
            return stub._send(call, said.replace('{"hash"', f'{{"{field}": 7, "hash"').encode())

        stub.odd["getLedgers"] = page
        done = export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}")
        assert done.returncode == 1 and not sequences(done)
        named = field.replace("\\u0065", "e")
        ledger = "" if named == "sequence" else f"ledger {FIRST}: "
        assert (f"DATA_LOSS: {ledger}{stub.url} getLedgers: ledgers[0].{named} is there twice"
                in done.stderr)


def test_a_node_of_another_network_is_refused(chain):
    with RpcStub(chain, passphrase=ledgers.TESTNET) as stub:
        done = export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}", "--network", "pubnet")
        assert done.returncode == 2
        assert "--network names the network pubnet" in done.stderr
        assert f"{stub.url} itself names testnet" in done.stderr


def test_secrets_of_the_url_are_told_nowhere(tmp_path, chain):
    key, user, token = "KeyInThePath77", "PassWord88", "Bearer Token99"
    header = tmp_path / "authorization"
    header.write_text(token + "\n")
    with RpcStub(chain, authorization=token) as stub:
        url = stub.url.replace("//", f"//me:{user}@") + \
            f"/v1/{key}?apikey={key}#authorization-file={header}"
        secrets = (key, user, "Token99")
        with serve(None, env={"SOURCE_URL": url}) as server, \
                server.connect() as client:
            assert read(client, f"{TABLE}:{FIRST}:{LAST}").ended().sequences == list(chain)
            stub.authorization = "another one"
            refused = read(client, f"{TABLE}:{FIRST}:{LAST}").error
            stub.authorization = token
            told = [server.log, str(refused), str(server.metrics()),
                    *(server.probe(path)[2] for path in ("/health", "/ready", "/metrics")),
                    pathlib.Path(f"/proc/{server.pid}/cmdline").read_text()]
        told.append(run("config", env={"SOURCE_URL": url}).stdout.decode())
        for more in ("?wrong=1", "#wrong", ""):
            done = run("export", f"{TABLE}:1:2", env={"SOURCE_URL": url.replace("rpc+", "wrong+")
                                                      if more == "?wrong=1" else url + more})
            told.append(done.stderr)
            assert done.returncode != 0
        for text in told:
            assert not [secret for secret in secrets if secret in text], text


@pytest.mark.nightly
def test_a_request_that_is_never_answered_is_made_again(chain):
    with RpcStub(chain) as stub:
        stub.faults.extend([None, "hang"])
        assert sequences(export_sequences(stub, f"{TABLE}:{FIRST}:{LAST}")) == list(chain)


def test_a_node_that_is_gone_comes_back(chain):
    with RpcStub(chain, most=5) as stub, \
            CuttingProxy(int(stub.url.rpartition(":")[2])) as proxy, \
            serve(f"rpc+http://127.0.0.1:{proxy.port}", "--max-attempts", "3") as server, \
            server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}:{LAST}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.go_down()
        place = read_until_unavailable(reader, rows)
        eventually(lambda: server.probe("/ready")[0] == 503)
        proxy.come_up()
        eventually(lambda: server.probe("/ready")[0] == 200)
        rows += read(client, f"{TABLE}:{place}:{LAST}").ended().sequences
        assert rows == list(chain)
