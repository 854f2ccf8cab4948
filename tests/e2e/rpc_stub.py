"""A stub of a Stellar RPC node: recorded ledgers in pages of getLedgers, and what nodes do wrong."""

import base64
import collections
import http.server
import itertools
import json
import socket
import ssl
import struct
import threading

import ledgers


class RpcStub:
    """Answers as a node that keeps `content` {sequence: LedgerCloseMeta}; grow() adds to it.

    `faults` are used up by the next getLedgers, one each: "503", "html", "cut" (a body shorter than
    its length says), "reset", "hang" (no answer while the stub lives) or "internal" (a JSON-RPC
    error). `most` is how many ledgers a page may have. Where `lag` is not 0 every second answer to a
    method is that of a node so many ledgers behind, as two nodes behind one address give them. `odd`
    {method: function of the call and the parameters} answers in place of the node. With a
    `certificate` (certificate, key) it speaks TLS.
    """

    def __init__(self, content, passphrase=ledgers.PUBNET, most=200, authorization=None,
                 certificate=None):
        self.content = dict(content)
        self.passphrase = passphrase
        self.most = most
        self.lag = 0
        self._turns = collections.defaultdict(lambda: itertools.cycle((True, False)))
        self.authorization = authorization
        self.faults = collections.deque()
        self.odd = {}
        self.requests = []  # methods
        self.connections = 0
        self.ends = threading.Event()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                stub.connections += 1
                super().setup()

            def do_POST(self):
                stub._answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # of connections that end as tests want it

        self._server = Server(("127.0.0.1", 0), Handler)
        self._scheme = "http"
        if certificate:
            self._scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            # Whoever takes a connection must not wait for its handshake.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self):
        return self._server.server_port

    @property
    def url(self):
        return f"rpc+{self._scheme}://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends.set()
        self._server.shutdown()
        self._server.server_close()

    def grow(self, content):
        self.content = self.content | content

    def _answer(self, call):
        asked = json.loads(call.rfile.read(int(call.headers["Content-Length"])))
        self.requests.append(asked["method"])
        if self.authorization and call.headers["Authorization"] != self.authorization:
            return self._send(call, b"who are you?", status=401)
        if asked["method"] in self.odd:
            return self.odd[asked["method"]](call, asked.get("params", {}))
        fault = self.faults.popleft() if self.faults and asked["method"] == "getLedgers" else None
        if fault == "503":
            return self._send(call, b"busy", status=503)
        if fault == "html":
            return self._send(call, b"<html>Welcome</html>")
        if fault == "hang":
            self.ends.wait()
            return None
        if fault == "reset":
            call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            call.close_connection = True
            return call.connection.close()
        said = {"jsonrpc": "2.0", "id": asked["id"]}
        if fault == "internal":
            said["error"] = {"code": -32603, "message": "an internal error"}
        else:
            said |= getattr(self, "_" + asked["method"])(asked.get("params", {}))
        body = json.dumps(said).encode()
        return self._send(call, body, cut=fault == "cut")

    @staticmethod
    def _send(call, body, status=200, cut=False):
        call.send_response(status)
        call.send_header("Content-Length", str(len(body)))
        call.end_headers()
        call.wfile.write(body[:len(body) // 2] if cut else body)
        call.close_connection = call.close_connection or cut

    def _getNetwork(self, _):
        return {"result": {"passphrase": self.passphrase, "protocolVersion": 23}}

    def _latest(self, method):
        return max(self.content) - (self.lag if next(self._turns[method]) else 0)

    def _getHealth(self, _):
        return {"result": {"status": "healthy", "latestLedger": self._latest("getHealth"),
                           "oldestLedger": min(self.content), "ledgerRetentionWindow": 100}}

    def _getLatestLedger(self, _):
        return {"result": {"id": "0" * 64, "protocolVersion": 23, "sequence": self._latest("getLatestLedger")}}

    def _getLedgers(self, params):
        start, limit = params["startLedger"], params["pagination"]["limit"]
        oldest, latest = min(self.content), self._latest("getLedgers")
        if not oldest <= start <= latest:
            return {"error": {"code": -32600, "message": f"start ledger ({start}) must be between "
                              f"the oldest ledger: {oldest} and the latest ledger: {latest} for "
                              "this rpc instance"}}
        if limit > self.most:
            return {"error": {"code": -32600, "message": f"limit must not exceed {self.most}"}}
        page = [sequence for sequence in range(start, min(start + limit, latest + 1))
                if sequence in self.content]
        return {"result": {"ledgers": [self._entry(sequence) for sequence in page],
                           "latestLedger": latest, "latestLedgerCloseTime": 1595895040,
                           "oldestLedger": oldest, "oldestLedgerCloseTime": 1595895040,
                           "cursor": str(page[-1] if page else start)}}

    def _entry(self, sequence):
        lcm = self.content[sequence]
        return {"hash": ledgers.ledger_hash(lcm).hex(), "sequence": sequence,
                "ledgerCloseTime": "1595895040", "headerXdr": "",
                "metadataXdr": base64.b64encode(lcm).decode()}
