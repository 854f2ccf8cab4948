"""Stands before an HTTP/1.1 server on loopback: over TLS or not, with answers framed and cut as a test wants
them, or with answers of its own. Knows of HTTP where a request and an answer with Content-Length end."""

import contextlib
import socket
import ssl
import threading

import listener


def _read_head(file):
    """Lines up to the empty one, without it; none: nothing came."""
    lines = []
    while (line := file.readline()) not in (b"", b"\r\n"):
        lines.append(line.rstrip(b"\r\n"))
    return lines


def _length_of(head):
    for line in head:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class HttpFront:
    """`framing` is how answers say where they end: by "length", in "chunks", or by the "close" of their
    connection. Of answers with a body each `cut_each`-th ends in its midst, without a word of TLS (0: none).
    The next `handshakes` connections are closed when their client has spoken first.
    """

    def __init__(self, port, certificate=None):
        self._upstream = ("127.0.0.1", port)
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self.framing, self.cut_each, self.handshakes = "length", 0, 0
        self.connections = self.cuts = self._bodies = 0
        self._lock = threading.Lock()
        self._open = set()
        self._listener = None
        self.port = 0
        self.listen()

    def listen(self):
        self._listens = True
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self):
        """Refuses connections, and resets those there are, until listen()."""
        listener.close(self._listener)
        with self._lock:
            self._listens = False
            for one in list(self._open):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def answer(self, head):
        """An answer to a request, in place of the server's, or None; may take its time. An empty one ends
        the connection."""

    def ended(self, head):
        """Called when an answer was sent, or could not be."""

    def _is_cut(self):
        with self._lock:
            self._bodies += 1
            cut = self.cut_each > 0 and self._bodies % self.cut_each == 0
            self.cuts += cut
            return cut

    def _accept(self, here):
        for client in listener.accepted(here):
            with self._lock:
                if not self._listens:
                    client.close()
                    continue
                self.connections += 1
                self._open.add(client)
                speaks = self.handshakes == 0
                self.handshakes -= not speaks
            threading.Thread(target=self._serve, args=(client, speaks), daemon=True).start()

    def _serve(self, client, speaks):
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(client.close)
            stack.callback(self._open.discard, client)
            if not speaks:
                client.recv(1 << 12)
                return
            plain = client
            if self._context:
                plain = self._context.wrap_socket(client, server_side=True)
                stack.callback(plain.close)  # which says nothing of TLS
            requests = plain.makefile("rb")
            server = stack.enter_context(socket.create_connection(self._upstream))
            answers = server.makefile("rb")
            while head := _read_head(requests):
                body = requests.read(_length_of(head))
                try:
                    own = self.answer(head)
                    if own == b"":
                        return
                    if own is not None:
                        plain.sendall(own)
                        continue
                    server.sendall(b"\r\n".join([*head, b"", b""]) + body)
                    said = _read_head(answers)
                    content = b"" if head[0].startswith(b"HEAD") else answers.read(_length_of(said))
                    if not self._pass(plain, said, content):
                        return
                finally:
                    self.ended(head)

    def _pass(self, plain, head, content):
        """Sends an answer on; false: it was the last one of its connection."""
        cut = bool(content) and self._is_cut()
        if content and self.framing != "length":
            head = [line for line in head if not line.lower().startswith(b"content-length")]
            if self.framing == "chunks":
                head.append(b"Transfer-Encoding: chunked")
                content = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
        plain.sendall(b"\r\n".join([*head, b"", b""]) + content[:len(content) // 2 if cut else None])
        return not cut and not (content and self.framing == "close")
