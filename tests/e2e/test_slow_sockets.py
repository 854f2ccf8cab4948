"""Clients that say little or nothing to the ports of metrics and health keep nobody else from them."""

import contextlib
import selectors
import socket
import time

import ledgers
from program import TABLE, read, serve

WHOLE = f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"
MOST_SECONDS = 10  # a connection's life (ops/http_server.h)
MOST_CONNECTIONS = 64


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setblocking(False)
    return connection


def test_thousand_slow_sockets_hold_up_neither_probes_nor_streams():
    with serve(ledgers.PUBNET_LAKE) as server, server.connect() as client, \
            contextlib.ExitStack() as stack:
        before = server.descriptors()
        slow = []
        for i in range(1000):
            connection = stack.enter_context(connect(server.health_port))
            with contextlib.suppress(OSError):
                connection.send((b"", b"G", b"GET /ready HTTP/1.1\r\nX: ")[i % 3])
            slow.append(connection)
            if i % 100 == 0:
                begin = time.monotonic()
                assert server.probe("/ready")[0] == 200
                assert time.monotonic() - begin < 5
        assert server.probe("/metrics")[0] == 200
        assert read(client, WHOLE).ended().table.num_rows == 6
        assert server.descriptors() <= before + 2 * MOST_CONNECTIONS + 16
        check_all_are_cut(slow)


def test_socket_that_trickles_is_cut_too():
    with serve(ledgers.PUBNET_LAKE) as server:
        with connect(server.health_port) as connection:
            connection.send(b"GET /ready HTTP/1.1\r\n")
            begin = time.monotonic()
            cut = False
            while not cut:
                assert time.monotonic() - begin < 6 * MOST_SECONDS
                time.sleep(0.2)
                try:
                    connection.send(b"X")
                    cut = connection.recv(1) == b""
                except BlockingIOError:
                    continue
                except OSError:
                    cut = True
        assert time.monotonic() - begin > MOST_SECONDS / 2  # it had its time


def check_all_are_cut(connections):
    """Each is at its end, whatever was said on it before."""
    left = set(connections)
    deadline = time.monotonic() + 6 * MOST_SECONDS
    with selectors.DefaultSelector() as selector:
        for connection in left:
            selector.register(connection, selectors.EVENT_READ)
        while left:
            assert time.monotonic() < deadline, f"{len(left)} live on"
            for key, _ in selector.select(1):
                with contextlib.suppress(BlockingIOError):
                    try:
                        ended = key.fileobj.recv(4096) == b""
                    except ConnectionError:
                        ended = True
                    if ended:
                        selector.unregister(key.fileobj)
                        left.discard(key.fileobj)
