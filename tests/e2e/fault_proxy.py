"""A TCP proxy on loopback that breaks connections as a test wants it, so that no test needs another
one installed. It knows bytes, and nothing of what they say."""

import contextlib
import random
import socket
import struct
import threading
import time

import listener


class FaultProxy:
    """Passes connections on to a port. Every attribute may be set at any time, and is for all of them.

    `latency` are seconds before each part of an answer; of all answers' parts `cut` are closed in the
    middle and `reset` reset, as shares of 1; while `silent` nothing of an answer is passed on, while it
    `trickles` a byte a second; while `down` connections are refused, and those there are broken.
    """

    def __init__(self, port, seed=1):
        self._upstream = ("127.0.0.1", port)
        self._random = random.Random(seed)
        self.latency, self.cut, self.reset = 0.0, 0.0, 0.0
        self.silent = self.trickles = False
        self.connections = self.broken = 0
        self._open = set()
        self._lock = threading.Lock()
        self._ends = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start()

    def _start(self):
        self._down = False
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    @property
    def down(self):
        return self._down

    @down.setter
    def down(self, down):
        if down == self._down:
            return
        if down:
            self._down = True
            listener.close(self._listener)
            self._thread.join()
            with self._lock:
                for one in list(self._open):
                    self._break(one, reset=True)
        else:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._start()

    def close(self):
        self.down = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def _break(one, reset):
        with contextlib.suppress(OSError):
            if reset:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                one.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RD)
        one.close()

    def _accept(self, here):
        for client in listener.accepted(here):
            try:
                server = socket.create_connection(self._upstream)
            except OSError:
                client.close()
                continue
            with self._lock:
                self.connections += 1
                self._open |= {client, server}
            for pump in (self._pass_requests, self._pass_answers):
                threading.Thread(target=pump, args=(client, server), daemon=True).start()

    def _pass_requests(self, client, server):
        with contextlib.suppress(OSError):
            while part := client.recv(1 << 16):
                server.sendall(part)
        self._end(client, server)

    def _pass_answers(self, client, server):
        with contextlib.suppress(OSError):
            while part := server.recv(1 << 16):
                if self.latency:
                    time.sleep(self.latency)
                while self.silent and not self._down:
                    time.sleep(0.02)
                with self._lock:
                    fate = self._random.random()
                    length = self._random.randrange(len(part))
                if fate < self.cut + self.reset:
                    client.sendall(part[:length])
                    self.broken += 1
                    self._break(client, reset=fate >= self.cut)
                    break
                while part and self.trickles:
                    client.sendall(part[:1])
                    part = part[1:]
                    time.sleep(1)
                client.sendall(part)
        self._end(client, server)

    def _end(self, client, server):
        for one in (client, server):
            with self._lock:
                self._open.discard(one)
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
