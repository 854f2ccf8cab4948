"""A proxy on loopback that cuts connections, and that can be down for a while."""

import contextlib
import socket
import struct
import threading

import listener


class CuttingProxy:
    """Forwards to a port. Each connection is reset after the next of `cuts` bytes of answers, the
    last ones, once these are used up, never."""

    def __init__(self, port, cuts=()):
        self._target = port
        self._cuts = list(cuts)
        self._down = False
        self._stalled = set()
        self._lock = threading.Lock()
        self._pairs = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        listener.close(self._listener)
        self.go_down()

    def go_down(self):
        """Resets all connections, and every one that comes."""
        with self._lock:
            self._down = True
            for pair in self._pairs:
                self._reset(pair)
            self._pairs.clear()

    def come_up(self):
        with self._lock:
            self._down = False

    def stall(self):
        """Lets nothing more through on the connections there are, which stay open."""
        with self._lock:
            self._stalled = {id(pair) for pair in self._pairs}

    @staticmethod
    def _reset(pair):
        for end in pair:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads it
            end.close()

    def _accept(self):
        for client in listener.accepted(self._listener):
            with self._lock:
                self.connections += 1
                if self._down:
                    self._reset([client])
                    continue
                pair = (client, socket.create_connection(("127.0.0.1", self._target)))
                self._pairs.append(pair)
                cut = self._cuts.pop(0) if self._cuts else None
            threading.Thread(target=self._forward, args=(pair, pair, None), daemon=True).start()
            threading.Thread(target=self._forward, args=(pair[::-1], pair, cut),
                             daemon=True).start()

    def _forward(self, way, pair, cut):
        left = cut
        with contextlib.suppress(OSError):
            while data := way[0].recv(1 << 16):
                if id(pair) in self._stalled:
                    continue
                way[1].sendall(data[:left])
                if left is not None:
                    left -= len(data)
                    if left <= 0:
                        break
        self._reset(pair)
