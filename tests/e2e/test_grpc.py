"""Ledgers from a RawLedgerService, and our own one: the same as from a folder, nothing lost or doubled
where connections are cut, with a peer of another implementation on either side."""

import subprocess
import time

import pyarrow.flight as flight
import pytest

import ledgers
from cutting_proxy import CuttingProxy
from program import TABLE, eventually, read, read_until_unavailable, run, serve
from services import NO_FLUSH, build_go_peer, raw_ledgers

FIRST, COUNT = 5000, 400
LAST = FIRST + COUNT - 1


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [20_000] * COUNT)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, chain):
    return ledgers.write_lake(tmp_path_factory.mktemp("grpc") / "lake", chain, per_file=4)


@pytest.fixture(scope="module")
def raw_port(lake):
    with raw_ledgers(lake) as port:
        yield port


@pytest.fixture(scope="module")
def go_peer():
    return build_go_peer()


def test_a_go_client_reads_our_service_its_health_and_what_it_is(go_peer, raw_port, chain):
    def lines():
        done = subprocess.run([go_peer, "read", f"127.0.0.1:{raw_port}", str(FIRST + 7), "50"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert lines()[:50] == [f"{i} {len(chain[i])}" for i in range(FIRST + 7, FIRST + 57)]
    eventually(lambda: "health SERVING" in lines())  # a server that began just now is not ready
    listed = lines()
    for service in ("raw_ledger_service.RawLedgerService", "grpc.health.v1.Health",
                    "grpc.reflection.v1alpha.ServerReflection"):
        assert f"service {service}" in listed


def test_raw_ledgers_are_counted_as_streams_are(lake, chain):
    with serve(lake, env={"RAW_LEDGER_PORT": "0"}) as server:
        before = server.metrics()
        done = run("export", f"{TABLE}:{FIRST}:{FIRST + 9}", "--format", "null", "--quiet",
                   "--source", f"grpc://127.0.0.1:{server.raw_ledger_port}")
        assert done.returncode == 0, done.stderr
        # Its client leaves behind the last one it wants; some are on their way by then.
        eventually(lambda: server.metrics()["active_connections"] == 0)
        after = server.metrics()
        sent = after["ledgers_processed_total"] - before["ledgers_processed_total"]
        assert sent >= 10
        assert after["last_ledger"] >= FIRST + 9
        assert after["bytes_transferred_total"] >= sum(len(chain[i]) for i in range(FIRST, FIRST + 10))
        assert after["stream_duration_seconds_count"] == before["stream_duration_seconds_count"] + 1
        assert after["errors_total"] == before["errors_total"] == 0


def test_cut_connections_lose_and_double_nothing(raw_port, lake, chain):
    # Cuts within the first ledger, between ledgers, and behind many.
    cuts = [100, 20_000, 1_000_000, 57, 2_000_000, 300_000]
    with CuttingProxy(raw_port, cuts) as proxy, \
            serve(f"grpc://127.0.0.1:{proxy.port}", *NO_FLUSH) as server, \
            server.connect() as client, serve(lake, *NO_FLUSH) as plain, \
            plain.connect() as plain_client:
        ticket = f"{TABLE}:{FIRST}:{LAST}"
        got = read(client, ticket).ended()
        assert got.sequences == list(chain)
        assert proxy.connections > len(cuts)
        # The very batches, too.
        want = read(plain_client, ticket).ended()
        assert [batch.num_rows for batch in got.batches] == [batch.num_rows
                                                             for batch in want.batches]
        assert [batch.columns for batch in got.batches] == [batch.columns
                                                            for batch in want.batches]


def test_connections_that_are_cut_before_they_stand_are_made_again(raw_port, chain):
    with CuttingProxy(raw_port, [1, 1, 1]) as proxy:
        done = run("export", f"{TABLE}:{FIRST}:{LAST}", "--source", f"grpc://127.0.0.1:{proxy.port}",
                   "--format", "csv", "--columns", "ledger_sequence", "--quiet")
        assert done.returncode == 0, done.stderr
        assert [int(line) for line in done.stdout.split()[1:]] == list(chain)
        assert proxy.connections == 4


@pytest.mark.nightly
def test_a_cut_behind_each_of_a_hundred_ledgers_loses_and_doubles_nothing(raw_port, chain):
    # One ledger and some of the next one.
    with CuttingProxy(raw_port, [21_000 + 150 * i for i in range(100)]) as proxy:
        done = run("export", f"{TABLE}:{FIRST}:{LAST}", "--source", f"grpc://127.0.0.1:{proxy.port}",
                   "--format", "csv", "--columns", "ledger_sequence", "--quiet", timeout=300)
        assert done.returncode == 0, done.stderr
        assert [int(line) for line in done.stdout.split()[1:]] == list(chain)
        assert proxy.connections > 100


def test_a_service_that_is_down_for_a_while_is_waited_for_and_then_given_up(raw_port):
    with CuttingProxy(raw_port, [1_000_000]) as proxy, \
            serve(f"grpc://127.0.0.1:{proxy.port}", "--max-attempts", "3") as server, \
            server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}:{LAST}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.go_down()
        place = read_until_unavailable(reader, rows)
        eventually(lambda: server.probe("/ready")[0] == 503)
        proxy.come_up()
        eventually(lambda: server.probe("/ready")[0] == 200)
        rows += read(client, f"{TABLE}:{place}:{LAST}").ended().sequences
        assert rows == list(range(FIRST, LAST + 1))
        name = f"grpc://127.0.0.1:{proxy.port}"
        assert server.metrics()['retries_total{reason="other",source="%s"}' % name] >= 2


@pytest.mark.nightly
def test_a_connection_on_which_nothing_comes_any_more_is_left(tmp_path, chain):
    # At the tip silence is no fault; so it is asked, after 15 s, whether the service is there.
    early = {sequence: lcm for sequence, lcm in chain.items() if sequence < FIRST + 8}
    late = {sequence: lcm for sequence, lcm in chain.items() if FIRST + 8 <= sequence < FIRST + 16}
    lake = ledgers.write_lake(tmp_path / "lake", early, per_file=4)
    with raw_ledgers(lake) as port, CuttingProxy(port) as proxy, \
            serve(f"grpc://127.0.0.1:{proxy.port}") as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        rows = []
        while len(rows) < 8:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.stall()
        ledgers.write_lake(lake, late, per_file=4)
        begun = time.monotonic()
        while len(rows) < 16:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        assert time.monotonic() - begun < 40
        assert rows == list(range(FIRST, FIRST + 16))
        reader.cancel()


def test_the_original_setting_names_the_service(raw_port):
    done = run("export", f"{TABLE}:{FIRST}:{FIRST + 9}", "--format", "csv", "--columns",
               "ledger_sequence", "--quiet", env={"SOURCE_ENDPOINT": f"127.0.0.1:{raw_port}"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == [str(i).encode() for i in range(FIRST, FIRST + 10)]


def test_a_range_without_its_first_ledger_is_refused(raw_port):
    done = run("export", TABLE, "--source", f"grpc://127.0.0.1:{raw_port}", "--format", "null")
    assert done.returncode == 2
    assert "name the range's first one" in done.stderr


def test_a_signal_tells_clients_where_to_go_on(tmp_path, chain, go_peer):
    # A lake at its tip: the stream waits when the signal comes.
    lake = ledgers.write_lake(tmp_path / "lake", dict(list(chain.items())[:8]), per_file=4)
    with serve(lake, env={"RAW_LEDGER_PORT": "0"}) as server:
        client = subprocess.Popen(
            [go_peer, "read", f"127.0.0.1:{server.raw_ledger_port}", str(FIRST), "9"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8):
            client.stdout.readline()
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 10
        _, said = client.communicate(timeout=20)
        assert "Unavailable" in said and f"go on from ledger {FIRST + 8}" in said
