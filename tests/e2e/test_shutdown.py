"""How the server ends on a signal: each stream is told where to go on from, and no client can keep
it from ending."""

import os
import pathlib
import signal
import threading
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
import preloaded
from program import TABLE, Server, eventually, next_ledger, run, wire_code

FIRST = ledgers.FIRST
BOTH_SIGNALS = pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])


class Reader:
    """Reads a stream in a thread, to whatever end it takes."""

    def __init__(self, server, ticket):
        self.client = server.connect()
        self._stream = self.client.do_get(flight.Ticket(ticket))
        self.sequences = []
        self.error = None
        self._take()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _take(self):
        rows = self._stream.read_chunk().data
        self.sequences += rows.column("ledger_sequence").to_pylist()

    def _read(self):
        try:
            while True:
                self._take()
        except (StopIteration, pa.ArrowException) as error:
            self.error = error

    def join(self):
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.client.close()
        return self


def check_told_where_to_go_on(reader):
    error = reader.error
    assert isinstance(error, flight.FlightUnavailableError), error
    assert wire_code(error) == "UNAVAILABLE"
    assert "shutting down" in str(error)
    first, last = reader.sequences[0], reader.sequences[-1]
    assert reader.sequences == list(range(first, last + 1))
    assert next_ledger(error) == last + 1
    assert f"go on from ledger {last + 1}" in str(error)


@pytest.fixture(scope="module")
def big_lake(tmp_path_factory):
    """54 MB that a client takes off the wire only if it reads."""
    chain = ledgers.make_chain(1000, [900_000] * 60)
    return ledgers.write_lake(tmp_path_factory.mktemp("big") / "lake", chain)


def stall(client):
    """A stream that the client has stopped reading, so that the server's call for it hangs."""
    stream = client.do_get(flight.Ticket(f"{TABLE}:1000:1059"))
    assert stream.read_chunk().data.num_rows
    time.sleep(1)
    return stream


@BOTH_SIGNALS
def test_signal_ends_an_idle_server_with_exit_code_0(by):
    server = Server(ledgers.PUBNET_LAKE)
    started = time.monotonic()
    assert server.stop(by) == 0
    assert time.monotonic() - started < 10


@BOTH_SIGNALS
def test_signal_tells_waiting_streams_where_to_go_on(by):
    server = Server(ledgers.PUBNET_LAKE)
    readers = [Reader(server, f"{TABLE}:{FIRST}") for _ in range(3)]
    for reader in readers:
        eventually(lambda: reader.sequences[-1] == ledgers.NEWEST)
    started = time.monotonic()
    assert server.stop(by) == 0
    assert time.monotonic() - started < 10
    for reader in readers:
        check_told_where_to_go_on(reader.join())


def test_signal_ends_streams_that_wait_for_a_pipe(tmp_path):
    """Whoever reads a pipe whose writer says nothing is told all the same."""
    pipe = tmp_path / "core"
    os.mkfifo(pipe)
    server = Server(f"framed:{pipe}?follow=true")
    with pipe.open("wb") as writer:
        writer.write(ledgers.framed(ledgers.make_chain(64, [0, 0])))
        writer.flush()
        reader = Reader(server, f"{TABLE}:64")
        eventually(lambda: reader.sequences[-1] == 65)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 10
    check_told_where_to_go_on(reader.join())


@pytest.mark.parametrize("count,source", [
    (50, "synthetic:?transactions=1&pace=50ms"), (4, "synthetic:?transactions=1")],
    ids=["fifty", "four-at-full-speed"])
def test_signal_tells_active_streams_where_to_go_on(count, source):
    """They end at a batch's border, in the middle of ledgers without end."""
    server = Server(source, "--threads", "1", "--batch-size", "100")
    readers = [Reader(server, f"{TABLE}:2") for _ in range(count)]
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 15
    for reader in readers:
        check_told_where_to_go_on(reader.join())


def test_client_that_has_stopped_reading_cannot_keep_the_server(big_lake):
    server = Server(big_lake, env={"DRAIN_TIMEOUT": "5s"})
    with server.connect() as stalled, server.connect() as client:
        stream = stall(stalled)
        started = time.monotonic()
        server.send(signal.SIGTERM)
        # Meanwhile the others are told what there is to know.
        eventually(lambda: "stopping on signal 15" in server.log)
        for ask in (lambda: client.get_flight_info(flight.FlightDescriptor.for_path(TABLE)),
                    lambda: client.get_schema(flight.FlightDescriptor.for_path(TABLE)),
                    lambda: list(client.list_flights()), lambda: list(client.list_actions()),
                    lambda: client.do_get(flight.Ticket(f"{TABLE}:1000:1001")).read_all()):
            # pyarrow makes an OSError of it where it asks for a schema.
            with pytest.raises((flight.FlightUnavailableError, OSError),
                               match="UNAVAILABLE: the server is shutting down; ask another"):
                ask()
        assert server.wait() == 0
        assert time.monotonic() - started < 5.5
        del stream


def test_draining_server_is_not_ready_at_once_and_says_so_to_its_end(big_lake):
    server = Server(big_lake, env={"DRAIN_TIMEOUT": "3s"})
    with server.connect() as stalled:
        stream = stall(stalled)
        assert server.reasons() == []
        server.send(signal.SIGTERM)
        eventually(lambda: "stopping on signal 15" in server.log)
        for _ in range(20):
            assert server.reasons() == ["draining"]
            assert server.probe("/health")[0] == 503 and server.probe("/livez")[0] == 200
            assert server.metrics()["active_connections"] == 1
        assert server.wait() == 0
        del stream


@pytest.mark.nightly
def test_client_that_has_stopped_reading_keeps_the_server_for_25_seconds_at_most(big_lake):
    server = Server(big_lake)
    with server.connect() as client:
        stream = stall(client)
        started = time.monotonic()
        server.send(signal.SIGTERM)
        assert server.wait(30) == 0
        assert time.monotonic() - started < 25.5
        del stream


@BOTH_SIGNALS
def test_second_signal_ends_the_server_at_once(big_lake, by):
    server = Server(big_lake)
    with server.connect() as client:
        stream = stall(client)
        server.send(signal.SIGTERM)
        eventually(lambda: "stopping on signal 15" in server.log)
        assert server.alive
        started = time.monotonic()
        server.send(by)
        assert server.wait() == 1  # and no signal's number, which would stand for a crash
        assert time.monotonic() - started < 1
        del stream


def test_client_that_reads_again_while_the_server_drains_gets_the_end_of_its_stream(big_lake):
    server = Server(big_lake)
    with server.connect() as client:
        stream = client.do_get(flight.Ticket(f"{TABLE}:1000:1059"))
        sequences = stream.read_chunk().data.column("ledger_sequence").to_pylist()
        time.sleep(1)
        server.send(signal.SIGTERM)
        eventually(lambda: "stopping on signal 15" in server.log)
        with pytest.raises(flight.FlightUnavailableError) as caught:
            while True:
                sequences += stream.read_chunk().data.column("ledger_sequence").to_pylist()
        assert next_ledger(caught.value) == sequences[-1] + 1 < 1060
        assert server.wait() == 0


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


# access() of a ledger file does not return once the file HANG is there, as on a disk that is gone.
HANGING_DISK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int access(const char* path, int mode) {
  int (*real)(const char*, int) = dlsym(RTLD_NEXT, "access");
  const char* hang = getenv("HANG");
  while (strstr(path, "ledgers.xdr") && real(hang, F_OK) == 0) {
    char seen[4096];
    snprintf(seen, sizeof seen, "%s.seen", hang);
    close(open(seen, O_CREAT | O_WRONLY, 0600));
    usleep(10000);
  }
  return real(path, mode);
}
"""


@pytest.mark.skipif(preloaded.COMPILER is None, reason="no C compiler here")
def test_a_source_that_does_not_answer_cannot_keep_the_server(tmp_path):
    files = [tmp_path / name / "ledgers.xdr" for name in ("a", "b")]
    for file in files:
        file.parent.mkdir()
        file.write_bytes(ledgers.framed(ledgers.make_chain(64, [0, 0])))
    hang = tmp_path / "hang"
    server = Server("\n".join(map(str, files)), env={
        "DRAIN_TIMEOUT": "3s", "HANG": str(hang),
        "LD_PRELOAD": str(preloaded.build(tmp_path, "hanging_disk", HANGING_DISK))})
    hang.touch()
    eventually(pathlib.Path(f"{hang}.seen").exists)
    assert server.stop() == 0
