"""Clients that go away, with or without a word: what was theirs is free again."""

import os
import shutil
import subprocess
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Crowd, Server, eventually, options, read, serve

FIRST = ledgers.FIRST
OPEN = f"{TABLE}:{FIRST}"  # waits at the lake's tip

CROWD_SECONDS = 60  # to start some hundred clients on a busy machine


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(1000, [300_000] * 40)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, chain):
    return ledgers.write_lake(tmp_path_factory.mktemp("leaving") / "lake", chain)


KEPT_THREADS = 16  # gRPC keeps some for the next calls


def check_frees(server, threads, descriptors, seconds):
    """All that served the clients is gone: their connections, and the threads of their streams."""
    def all_gone():
        return server.threads() <= threads + KEPT_THREADS and server.descriptors() <= descriptors

    deadline = time.monotonic() + seconds
    while not all_gone():
        assert time.monotonic() < deadline, \
            f"after {seconds} s {server.threads()} threads and {server.descriptors()} descriptors " \
            f"are left, there were {threads} and {descriptors}"
        time.sleep(0.05)


def test_two_hundred_killed_clients_give_everything_back(lake, chain):
    """Half of them read and half have stopped reading, all places are taken, and then again."""
    limits = {"MAX_CONNECTIONS": "200", "MAX_CONNECTIONS_PER_PEER": "200"}
    whole = f"{TABLE}:1000"
    with serve(lake, "--threads", "1", env=limits) as server, server.connect() as client:
        read(client, f"{TABLE}:1000:1000").ended()
        threads, descriptors = server.threads(), server.descriptors()
        for _ in range(2):
            with Crowd(server, 100, whole, "wait") as waiting, \
                    Crowd(server, 100, whole, "stall") as stalled:
                eventually(lambda: waiting.count("reading") == 100 and
                           stalled.count("reading") == 100, CROWD_SECONDS)
                stream = read(client, f"{TABLE}:1000:1000")
                assert "RESOURCE_EXHAUSTED: 200 streams are running" in str(stream.error)
            check_frees(server, threads, descriptors, 5)
            assert read(client, f"{TABLE}:1000:1000").ended().sequences == [1000]


@pytest.fixture
def cable():
    """Two networks of their own, and a cable between them: the words that run a command at either
    end, and what pulls the cable. Whoever is at one end then hears nothing of the other."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root makes networks, with ip")
    names = [f"sas-{os.getpid()}-{end}" for end in "ab"]

    def ip(*args):
        subprocess.run(["ip", *args], check=True)

    made = []
    try:
        for name in names:
            ip("netns", "add", name)
            made.append(name)
        ip("link", "add", "cable", "netns", names[0], "type", "veth", "peer", "cable", "netns",
           names[1])
        for number, name in enumerate(names, 1):
            ip("-n", name, "address", "add", f"10.99.0.{number}/24", "dev", "cable")
            ip("-n", name, "link", "set", "cable", "up")
        yield (*[("ip", "netns", "exec", name) for name in names],
               lambda: ip("-n", names[1], "link", "set", "cable", "down"))
    finally:
        for name in made:
            ip("netns", "delete", name)


@pytest.mark.nightly
def test_clients_behind_a_pulled_cable_are_gone_after_forty_seconds(lake, cable):
    """Neither those that wait for rows nor those that rows are on their way to."""
    here, there, pull = cable
    with serve(lake, "--threads", "1", "--listen", "10.99.0.1", before=here) as server:
        with Crowd(server, 1, f"{TABLE}:1000:1000", "wait", before=there) as first:
            eventually(lambda: first.count("^read 0$"))
        eventually(lambda: server.log.count("ended") == 1)
        threads, descriptors = server.threads(), server.descriptors()
        with Crowd(server, 20, f"{TABLE}:1000", "wait", before=there) as waiting, \
                Crowd(server, 20, f"{TABLE}:1000", "stall", before=there) as stalled:
            eventually(lambda: waiting.count("reading") == 20 and stalled.count("reading") == 20,
                       CROWD_SECONDS)
            time.sleep(2)
            pull()
            check_frees(server, threads, descriptors, 45)
            eventually(lambda: server.log.count(" ended ") == 41, 5)


def test_cancelled_and_abandoned_streams_free_the_server():
    server = Server(ledgers.PUBNET_LAKE)
    with server.connect() as client:
        read(client, f"{OPEN}:{FIRST}").ended()
        threads, descriptors = server.threads(), server.descriptors()
        for _ in range(10):
            clients = [server.connect() for _ in range(4)]
            readers = [each.do_get(flight.Ticket(OPEN)) for each in clients]
            for reader in readers:
                assert reader.read_chunk().data.num_rows > 0
            for reader in readers[:2]:
                reader.cancel()
            for each in clients:
                each.close()
            del readers, reader
        check_frees(server, threads, descriptors, 5)
        assert read(client, f"{OPEN}:{FIRST}").ended().sequences == [FIRST]
    assert server.stop() == 0


def cancel_at_every_batch(server, chain, times):
    """Cancels a stream after each number of batches it can have."""
    request = flight.Ticket(f"{TABLE}:1000:{999 + len(chain)}")
    with server.connect() as client:
        batches = len(read(client, request).ended().batches)
        assert batches >= 5
        for cancelled in range(times):
            reader = client.do_get(request)
            for _ in range(cancelled % batches):
                assert reader.read_chunk().data.num_rows
            reader.cancel()


def run_into_deadlines(server, chain, times):
    request = flight.Ticket(f"{TABLE}:1000:{999 + len(chain)}")
    with server.connect() as client:
        for _ in range(times):
            with pytest.raises((flight.FlightTimedOutError, pa.ArrowCancelled)):
                client.do_get(request, options(0.001)).read_all()


def connect_and_leave(server, chain, times):
    for number in range(times):
        client = server.connect()
        if number % 2:
            client.do_get(flight.Ticket("stellar_ledger:1000"))
        client.close()


VISITS = pytest.mark.parametrize(
    "visit", [cancel_at_every_batch, run_into_deadlines, connect_and_leave],
    ids=lambda visit: visit.__name__)


@VISITS
def test_leaving_at_any_time_leaves_nothing_behind(lake, chain, visit):
    with serve(lake, "--threads", "2") as server:
        visit(server, chain, 20)
        threads, descriptors = server.threads(), server.descriptors()
        visit(server, chain, 200)
        check_frees(server, threads, descriptors, 10)


@pytest.mark.nightly
@VISITS
def test_leaving_ten_thousand_times_leaves_no_memory_behind(lake, chain, visit):
    with serve(lake, "--threads", "2") as server:
        visit(server, chain, 2000)
        threads, descriptors = server.threads(), server.descriptors()
        # What is in use goes up and down; a leak would lift the least of it.
        memory = []
        for _ in range(10):
            visit(server, chain, 1000)
            memory.append(server.memory())
        check_frees(server, threads, descriptors, 10)
        assert min(memory[5:]) - min(memory[:5]) < 8 << 20, memory


def test_deadline_of_the_client_ends_a_waiting_stream(client):
    started = time.monotonic()
    stream = read(client, OPEN, seconds=2)
    assert isinstance(stream.error, flight.FlightTimedOutError)
    assert time.monotonic() - started < 10
