"""A web server over a folder that answers for single files as no good one would."""

import contextlib
import functools
import http.server
import threading

MIB = 1 << 20
SLACK = 64 << 10


class OddWeb:
    """Serves `folder` with pages of links; `odd` {end of a path: function of the call} answers in place
    of the files of these names."""

    def __init__(self, folder):
        self.odd = {}
        self.requests = []  # "GET /path"
        web = self

        class Call(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                web.requests.append(f"GET {self.path}")
                for name, answer in web.odd.items():
                    if self.path.endswith(name):
                        return answer(self)
                return super().do_GET()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                       functools.partial(Call, directory=folder))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # who leaves in the midst is none
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class TooLong:
    """Answers with a body that begins with `beginning` and has more than `limit` bytes: of a length that
    it tells, or in chunks without one. It sends SLACK bytes beyond the last one that a client with that
    limit may read, and then waits: `cut` is how many answers were cut off by then, and none goes on."""

    def __init__(self, limit, chunked, beginning=b""):
        self._limit, self._chunked, self._beginning = limit, chunked, beginning
        self.cut = 0

    def __call__(self, call):
        call.send_response(200)
        if self._chunked:
            call.send_header("Transfer-Encoding", "chunked")
        else:
            call.send_header("Content-Length", str(self._limit + 1))
        call.end_headers()
        # With its length told, nothing of it has to be read.
        left = (self._limit if self._chunked else 0) + SLACK
        call.close_connection = True
        call.connection.settimeout(60)
        part = self._beginning.ljust(SLACK, b"x")
        with contextlib.suppress(ConnectionError):
            while left:
                size = min(left, SLACK)
                if self._chunked:
                    call.wfile.write(b"%x\r\n" % size)
                call.wfile.write(part[:size])
                if self._chunked:
                    call.wfile.write(b"\r\n")
                left -= size
                part = b"x" * SLACK
            assert call.rfile.read(1) == b""
        self.cut += 1
