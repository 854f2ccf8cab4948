"""Sources that answer a byte a second, or whose names nobody resolves: how long that is borne, that nobody has
to wait for it, and that no thread of it is left."""

import concurrent.futures
import contextlib
import os
import re
import socket
import subprocess
import time

import pyarrow.flight as flight
import pytest

import ledgers
from fault_proxy import FaultProxy
from object_stores import VERSITYGW
from program import PROGRAM, TABLE, environment, eventually, options, read, run, serve, wire_code
from services import NO_FLUSH
from source_kinds import KINDS, Content
from web_server import NGINX

FIRST, COUNT = 5000, 120
LAST = FIRST + COUNT - 1
ALL = f"{TABLE}:{FIRST}:{LAST}"
PATIENT = ("--max-attempts", "20", "--breaker-threshold", "1000")
FAR = {"web": NGINX, "rpc": True, "grpc": True, "versitygw": VERSITYGW}
STREAMS = 8  # that wait for the same source
LONG = 60  # seconds for what takes 15, on a machine that is busy


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    chain = ledgers.make_chain(FIRST, [15_000] * COUNT)
    return Content(chain, ledgers.write_lake(tmp_path_factory.mktemp("chain") / "lake", chain))


def sequences(table):
    return table.column("ledger_sequence").to_pylist()


def retries(server):
    return sum(value for name, value in server.metrics().items() if name.startswith("retries_total"))


def outlast_a_trickle(kind, chain, here):
    """Lets answers trickle to some streams, and each of them give an attempt up and go on."""
    here.mkdir()
    with KINDS[kind](chain, here) as source, FaultProxy(source.port) as proxy, \
            serve(source.url(proxy.port), "--fetchers", "2", "--network", "pubnet", *PATIENT, *NO_FLUSH,
                  env=source.env) as server, server.connect() as client:
        def begin():
            readers = [client.do_get(flight.Ticket(ALL)) for _ in range(STREAMS)]
            return readers, [sequences(reader.read_chunk().data) for reader in readers]

        def end(readers, rows):
            for reader, got in zip(readers, rows):
                assert got + sequences(reader.read_all()) == list(range(FIRST, LAST + 1)), kind
            eventually(lambda: server.metrics()["active_connections"] == 0)

        end(*begin())
        threads = server.threads()
        # Or all would be read before it trickles; of gRPC all streams are on one connection.
        proxy.latency = 0.02 if kind == "grpc" else 0.3
        streams = begin()
        proxy.trickles = True
        eventually(lambda: retries(server) > 0, LONG)
        proxy.trickles, proxy.latency = False, 0
        end(*streams)
        # gRPC has some more or fewer by itself.
        eventually(lambda: server.threads() <= threads + 4, LONG)


def test_a_byte_a_second_is_as_good_as_silence(chain, tmp_path):
    kinds = [kind for kind, there in FAR.items() if there]
    with concurrent.futures.ThreadPoolExecutor(len(kinds)) as each:
        for done in [each.submit(outlast_a_trickle, kind, chain, tmp_path / kind) for kind in kinds]:
            done.result()


NOWHERE = "nowhere.invalid"
NAMELESS = {
    "http": f"http://{NOWHERE}/lake",
    "s3": f"s3://bucket/lake?endpoint_override={NOWHERE}&region=us-east-1&anonymous=true",
    "rpc": f"rpc+http://{NOWHERE}:8000",
    "grpc": f"grpc://{NOWHERE}:50051",
}
NO_METADATA = {"AWS_EC2_METADATA_DISABLED": "true"}


@pytest.mark.parametrize("kind", NAMELESS)
def test_a_host_that_has_no_address_is_named(kind):
    done = run("export", ALL, "--source", NAMELESS[kind], "--format", "null", "--quiet",
               env=NO_METADATA)
    assert done.returncode == 1, done.stderr
    assert "UNAVAILABLE" in done.stderr and f"{NOWHERE}" in done.stderr
    assert re.search("(?i)resol|did not answer in time", done.stderr), done.stderr


@pytest.fixture
def silent_names(tmp_path):
    """Words of a command whose program asks a name server that never answers; and that server's socket."""
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.77\n")
    before = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
              tmp_path / "resolv.conf")
    if os.geteuid() != 0 or subprocess.run([*before, "true"], stderr=subprocess.DEVNULL,
                                           check=False).returncode != 0:
        pytest.skip("only root can give a process its own resolv.conf")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        try:
            server.bind(("127.0.0.77", 53))
        except OSError as error:
            pytest.skip(f"somebody has all addresses' port 53: {error}")
        server.settimeout(LONG)
        yield before, server


@pytest.mark.parametrize("kind", ["rpc", pytest.param("grpc", marks=pytest.mark.nightly)])
def test_streams_outlast_a_name_server_that_never_answers(kind, silent_names):
    before, names = silent_names
    with serve(NAMELESS[kind], "--network", "pubnet", before=before) as server, server.connect() as client:
        first = read(client, ALL, LONG)
        assert wire_code(first.error) == "UNAVAILABLE" and NOWHERE in str(first.error)
        threads = server.threads()
        with concurrent.futures.ThreadPoolExecutor(STREAMS) as each:
            for stream in each.map(lambda _: read(client, ALL, LONG), range(STREAMS)):
                assert wire_code(stream.error) == "UNAVAILABLE"
        assert server.reasons()
        # Whoever leaves is not waited for; nor is the resolver, by a signal.
        names.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while names.recv(4096):
                pass
        names.settimeout(LONG)
        with pytest.raises(flight.FlightTimedOutError):
            client.do_get(flight.Ticket(ALL), options(0.5)).read_all()
        eventually(lambda: server.metrics()["active_connections"] == 0)
        # Those of the system's resolver end by themselves.
        eventually(lambda: server.threads() <= threads + 4, LONG)
        names.recv(4096)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 10


@pytest.mark.parametrize("kind", ["http", "s3"])
def test_a_signal_does_not_wait_for_a_name_server(kind, silent_names):
    before, names = silent_names
    with subprocess.Popen([*before, PROGRAM, "serve", "--source", NAMELESS[kind]],
                          env=environment(NO_METADATA | {"ARROW_PORT": "0", "METRICS_PORT": "0",
                                                         "HEALTH_PORT": "0"}),
                          stderr=subprocess.DEVNULL) as server:
        names.recv(4096)  # so it waits
        server.terminate()
        assert server.wait(10) == 0


@pytest.mark.nightly
@pytest.mark.parametrize("kind", NAMELESS)
def test_a_name_server_that_never_answers_is_given_up(kind, silent_names):
    before, _ = silent_names
    done = subprocess.run([*before, PROGRAM, "export", ALL, "--source", NAMELESS[kind], "--format", "null",
                           "--quiet"], env=environment(NO_METADATA), capture_output=True, text=True,
                          timeout=2 * LONG, check=False)
    assert done.returncode == 1
    assert "UNAVAILABLE" in done.stderr, done.stderr
