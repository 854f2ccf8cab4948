"""toxiproxy, which does to connections what lines do. Its own words are used: a toxic of type latency,
limit_data, reset_peer, slicer or timeout, with attributes."""

import contextlib
import json
import shutil
import socket
import subprocess
import urllib.request

import pytest

from object_stores import PLACES
from program import eventually

PROGRAM = shutil.which("toxiproxy-server", path=PLACES)


class Line:
    """A way to a port that can be made bad; `port` is where it begins."""

    def __init__(self, ask, name, upstream):
        self._ask, self._name = ask, name
        made = ask("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "enabled": True,
                                        "upstream": f"127.0.0.1:{upstream}"})
        self.port = int(made["listen"].rpartition(":")[2])

    def add(self, toxic, **attributes):
        """Adds a toxic to what comes back on every connection."""
        self._ask("POST", f"/proxies/{self._name}/toxics",
                  {"name": toxic, "type": toxic, "stream": "downstream", "attributes": attributes})

    def take(self, toxic):
        """Takes back one that was added."""
        self._ask("DELETE", f"/proxies/{self._name}/toxics/{toxic}")

    def set_up(self, up):
        """Down: connections are refused, and those there are end."""
        self._ask("POST", f"/proxies/{self._name}",
                  {"enabled": up, "listen": f"127.0.0.1:{self.port}"})

    def remove(self):
        self._ask("DELETE", f"/proxies/{self._name}")


class Toxiproxy:
    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}"
        self._lines = 0
        self._process = subprocess.Popen([PROGRAM, "-host", "127.0.0.1", "-port", str(port)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._answers)

    def _answers(self):
        with contextlib.suppress(OSError):
            self._ask("GET", "/proxies")
            return True
        assert self._process.poll() is None
        return False

    def _ask(self, method, path, content=None):
        request = urllib.request.Request(self._url + path, method=method,
                                         data=json.dumps(content).encode() if content else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    @contextlib.contextmanager
    def line(self, port):
        self._lines += 1
        line = Line(self._ask, f"line{self._lines}", port)
        try:
            yield line
        finally:
            line.remove()

    def close(self):
        self._process.terminate()
        self._process.wait(20)


@contextlib.contextmanager
def running():
    if PROGRAM is None:
        pytest.skip("no toxiproxy here (scripts/setup.sh stores, where Go is)")
    proxy = Toxiproxy()
    try:
        yield proxy
    finally:
        proxy.close()
