"""How streams and the server end: a cancelled stream frees the server, a signal ends it cleanly."""

import signal
import threading
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Server, read, run

FIRST = ledgers.FIRST


def open_streams(server, count):
    """Clients that have the rows there are and wait for more."""
    clients = [server.connect() for _ in range(count)]
    readers = [client.do_get(flight.Ticket(f"{TABLE}:{FIRST}")) for client in clients]
    for reader in readers:
        assert reader.read_chunk().data.num_rows > 0
    return clients, readers


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_an_idle_server_with_exit_code_0(by):
    server = Server(ledgers.PUBNET_LAKE)
    started = time.monotonic()
    assert server.stop(by) == 0
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_waiting_streams_with_an_error(by):
    server = Server(ledgers.PUBNET_LAKE)
    clients, readers = open_streams(server, 3)
    errors = []

    def drain(reader):
        try:
            while True:
                reader.read_chunk()
        except StopIteration:
            errors.append(None)  # an open stream never ends well
        except pa.ArrowException as error:
            errors.append(error)

    threads = [threading.Thread(target=drain, args=(reader,), daemon=True) for reader in readers]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    assert server.stop(by) == 0
    assert time.monotonic() - started < 15
    for thread in threads:
        thread.join(10)
    assert len(errors) == 3 and all(errors), errors
    for client in clients:
        client.close()


def test_signal_ends_the_server_though_a_client_has_stopped_reading(tmp_path):
    lake = ledgers.write_lake(tmp_path / "lake", ledgers.make_chain(1000, [900_000] * 60))
    server = Server(lake)
    with server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:1000:1059"))
        assert reader.read_chunk().data.num_rows
        time.sleep(1)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 15


def test_cancelled_and_abandoned_streams_free_the_server():
    server = Server(ledgers.PUBNET_LAKE)
    for _ in range(10):
        clients, readers = open_streams(server, 4)
        for reader in readers[:2]:
            reader.cancel()
        for client in clients:
            client.close()
        del readers
    with server.connect() as client:
        assert read(client, f"{TABLE}:{FIRST}:{FIRST}").ended().sequences == [FIRST]
    assert server.stop() == 0


def test_deadline_of_the_client_ends_a_waiting_stream(client):
    started = time.monotonic()
    stream = read(client, f"{TABLE}:{FIRST}", seconds=2)
    assert isinstance(stream.error, flight.FlightTimedOutError)
    assert time.monotonic() - started < 10


# 127.0.0.1 as the kernel's tables write it, alone and mapped into IPv6.
LOOPBACK = ("0100007F", "0000000000000000FFFF00000100007F")


def test_server_listens_on_the_loopback_only(server):
    sockets = []
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name, encoding="ascii") as table:
            fields = [line.split() for line in table][1:]
        sockets += [line[1].split(":") for line in fields if line[3] == "0A"]  # listening
    own = [address for address, port in sockets if int(port, 16) == server.port]
    assert own and set(own) <= set(LOOPBACK)


def test_taken_port_is_an_error_that_names_it(server):
    done = run("serve", "--source", ledgers.PUBNET_LAKE, env={"ARROW_PORT": str(server.port)},
               timeout=60)
    assert done.returncode in (1, 2)
    assert str(server.port) in done.stderr


def test_port_alias_of_the_original_is_accepted():
    server = Server(ledgers.PUBNET_LAKE, env={"PORT": "0"}, port=None)
    assert server.stop() == 0
