"""Runs the program and its server, and reads Flight streams to whatever end they take."""

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pyarrow as pa
import pyarrow.flight as flight

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("SAS_PROGRAM", str(ROOT / "build/release/stellar-arrow-source"))
TABLE = "stellar_ledger"

# Only these come through from the outside, so that no stray SOURCE_URL decides a test.
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
         "UBSAN_OPTIONS", "ARROW_DEFAULT_MEMORY_POOL")

START_SECONDS = 30  # a program under a sanitizer on a busy machine
STOP_SECONDS = 20


def environment(extra=None):
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | (extra or {})


def run(*args, env=None, stdin=b"", timeout=120, cwd=None):
    """Runs the program to its end; stdin is bytes or a descriptor, stdout bytes, stderr text."""
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run([PROGRAM, *map(str, args)], **given, capture_output=True,
                          env=environment(env), timeout=timeout, cwd=cwd, check=False)
    done.stderr = done.stderr.decode()
    return done


def last_json(text):
    """The object in the last line of an output."""
    return json.loads(text.decode().splitlines()[-1] if isinstance(text, bytes)
                      else text.splitlines()[-1])


class Server:
    """`serve` on a free port of the loopback, stopped by SIGTERM.

    `source` may be None where `env` names it. `before` are words of a command that runs the program, such as ("prlimit", "--nofile=64").
    """

    def __init__(self, source, *args, env=None, port="0", before=()):
        named = [] if source is None else ["--source", str(source)]
        self._process = subprocess.Popen(
            [*before, PROGRAM, "serve", *named, *map(str, args)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(({} if port is None else {"ARROW_PORT": port})
                            | {"METRICS_PORT": "0", "HEALTH_PORT": "0"} | (env or {})))
        self._lines = []
        self.raw_lines = []  # as they came; where stderr is no terminal, JSON
        self._listening = threading.Event()
        self.location = self.port = None
        self.metrics_port = self.health_port = None
        # Both pipes are drained all the time: a full one would stop the server.
        self._readers = [threading.Thread(target=self._read, args=(pipe,), daemon=True)
                         for pipe in (self._process.stdout, self._process.stderr)]
        for reader in self._readers:
            reader.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._listening.wait(0.05):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise AssertionError(f"the server did not start:\n{self.log}")

    def _read(self, pipe):
        for line in pipe:
            line = line.decode(errors="replace")
            self.raw_lines.append(line)
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                line = f"{entry['time']} {entry['level']} {entry['message']}\n"
            self._lines.append(line)
            found = re.search(r"(metrics|health) on http://\S+:(\d+)", line)
            if found:
                setattr(self, f"{found.group(1)}_port", int(found.group(2)))
            found = re.search(r"listening on (grpc://\S+:(\d+))", line)
            if found:
                self.location, self.port = found.group(1), int(found.group(2))
                self._listening.set()

    @property
    def log(self):
        """What the log says, as a terminal shows it."""
        return "".join(self._lines)

    @property
    def alive(self):
        return self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory(self, what="VmRSS"):
        """Bytes of a line of the kernel's: VmRSS now, VmHWM at most so far."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) << 10 for line in status if line.startswith(what))

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def probe(self, path, port=None):
        """The status, type and text of a path of the health port, or another one."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.health_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()
        finally:
            connection.close()

    def reasons(self):
        """Why the server is not ready, by name; none: it is."""
        status, _, text = self.probe("/ready")
        reasons = [reason["reason"] for reason in json.loads(text)["reasons"]]
        assert status == (503 if reasons else 200)
        return reasons

    def metrics(self):
        """{series: value} as /metrics tells them, without the prefix of their names."""
        status, _, text = self.probe("/metrics", self.metrics_port)
        assert status == 200
        series = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                series[name.removeprefix("stellar_arrow_")] = float(value)
        return series

    @property
    def raw_ledger_port(self):
        """The port of the RawLedgerService, where RAW_LEDGER_PORT asks for one."""
        return int(re.search(r"raw ledgers on \S+:(\d+)", self.log).group(1))

    def connect(self, max_message=None):
        options = [] if max_message is None else [
            ("grpc.max_receive_message_length", max_message)]
        return flight.connect(self.location, generic_options=options)

    def wait_for_log(self, pattern, seconds=START_SECONDS):
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.log):
            assert time.monotonic() < deadline, f"no {pattern!r} in the log:\n{self.log}"
            time.sleep(0.05)

    def send(self, by):
        self._process.send_signal(by)

    def kill(self):
        self.send(signal.SIGKILL)
        self._process.wait()

    def wait(self, seconds=STOP_SECONDS):
        """The exit code, once the server has ended."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(
                f"the server did not end within {seconds} s:\n{self.log}") from None

    def stop(self, by=signal.SIGTERM):
        """Ends the server and returns its exit code."""
        if self.alive:
            self.send(by)
        return self.wait()


@contextlib.contextmanager
def serve(source, *args, **kwargs):
    server = Server(source, *args, **kwargs)
    try:
        yield server
    finally:
        code = server.stop()
    assert code == 0, f"the server's exit code is {code}:\n{server.log}"


@dataclasses.dataclass
class Stream:
    """What came of a stream: its schema, its batches, and the error at its end, if any."""

    schema: pa.Schema = None
    batches: list = dataclasses.field(default_factory=list)
    error: Exception = None

    @property
    def table(self):
        return pa.Table.from_batches(self.batches, self.schema)

    @property
    def sequences(self):
        return self.table.column("ledger_sequence").to_pylist()

    def ended(self):
        """The same stream, having ended well."""
        assert self.error is None, f"after {self.sequences}: {self.error}"
        return self


class Headers(flight.ClientMiddlewareFactory):
    """Keeps the headers of the last answer."""

    def __init__(self):
        super().__init__()
        self.received = {}

    def start_call(self, info):
        factory = self

        class Middleware(flight.ClientMiddleware):
            def received_headers(self, headers):
                factory.received |= {name.lower(): values for name, values in headers.items()}
        return Middleware()


def options(seconds):
    return flight.FlightCallOptions(timeout=seconds)


def read(client, ticket, seconds=60):
    """Reads a stream to its end, or until `seconds` have passed (a FlightTimedOutError)."""
    stream = Stream()
    if not isinstance(ticket, flight.Ticket):
        ticket = flight.Ticket(ticket)
    try:
        reader = client.do_get(ticket, options(seconds))
        stream.schema = reader.schema
        for chunk in reader:
            chunk.data.validate(full=True)
            stream.batches.append(chunk.data)
    except pa.ArrowException as error:
        stream.error = error
    return stream


def read_by(client, descriptor, seconds=60):
    """Reads all endpoints that a descriptor has, in their order."""
    info = client.get_flight_info(descriptor, options(seconds))
    whole = Stream(schema=info.schema)
    for endpoint in info.endpoints:
        part = read(client, endpoint.ticket, seconds)
        whole.batches += part.batches
        whole.error = part.error
        if part.error:
            break
    return whole


def wire_code(error):
    """The true code that the message on the wire begins with."""
    # pyarrow puts words of its own before the message of some codes.
    found = re.match(r"(?:Flight returned [a-z ]+, with message: )?([A-Z_]+): ", str(error))
    assert found, f"no code in {error}"
    return found.group(1)


def read_until_unavailable(reader, rows):
    """Reads on until the source is given up; `rows`, the ledgers so far, must be all before the place
    that the error names, which is returned."""
    error = None
    try:
        for chunk in reader:
            rows += chunk.data.column("ledger_sequence").to_pylist()
    except pa.ArrowException as ended:
        error = ended
    assert error is not None and wire_code(error) == "UNAVAILABLE", error
    place = next_ledger(error)
    assert rows == list(range(rows[0], place))
    return place


def next_ledger(error):
    """Where the error at the end of a stream says to go on from."""
    return json.loads(error.extra_info)["next"]


def eventually(what, seconds=START_SECONDS):
    """Waits until `what()` holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.05)


def path(*parts):
    return flight.FlightDescriptor.for_path(*parts)


def command(text):
    return flight.FlightDescriptor.for_command(text)


class Crowd:
    """Many client processes; see crowd.py. They are killed at the end, without a word."""

    def __init__(self, server, count, request, what, before=()):
        script = pathlib.Path(__file__).parent / "crowd.py"
        self._process = subprocess.Popen(
            [*before, sys.executable, script, server.location, str(count), request, what],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True)
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    def count(self, pattern):
        return sum(1 for line in self.lines if re.search(pattern, line))

    def kill(self):
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._reader.join(START_SECONDS)  # the pipe ends with the last of them

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
