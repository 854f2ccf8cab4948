"""One range from a source of every kind: the same Arrow streams to the byte, also over lines that are slow,
that cut and reset connections, fall silent, or are down for a while."""

import pytest

import ledgers
import program
import toxiproxy
from program import TABLE, run, serve
from services import NO_FLUSH
from source_kinds import KINDS, Content

TABLES = f"stellar_ledger,transactions,operations,ttp_events:{ledgers.FIRST}:{ledgers.NEWEST}"
FIRST, COUNT = 5000, 120
LAST = FIRST + COUNT - 1
# Those that a proxy can stand before: files have no line.
FAR = ["web", "web-tls", "rpc", "grpc",
       *(pytest.param(name, marks=pytest.mark.nightly)
         for name in ("rpc-tls", "versitygw", "versitygw-tls", "moto", "gcs", "azure"))]

BAD = {
    "slow": lambda line: line.add("latency", latency=20, jitter=15),
    "sliced": lambda line: line.add("slicer", average_size=700, size_variation=300, delay=50),
    "cut": lambda line: line.add("limit_data", bytes=150_000),
}
# What a line does for a while, and how that ends.
FAILURES = {
    "reset": (lambda line: line.add("reset_peer", timeout=0), lambda line: line.take("reset_peer")),
    "mute": (lambda line: line.add("timeout", timeout=300), lambda line: line.take("timeout")),
    "down": (lambda line: line.set_up(False), lambda line: line.set_up(True)),
}
PATIENT = ("--max-attempts", "20", "--breaker-threshold", "1000")


@pytest.fixture(scope="module")
def real(tmp_path_factory, pubnet):
    content = Content(pubnet, ledgers.PUBNET_LAKE)
    done = export(content.folder, tmp_path_factory.mktemp("real"))
    return content, done


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    chain = ledgers.make_chain(FIRST, [15_000] * COUNT)
    return Content(chain, ledgers.write_lake(tmp_path_factory.mktemp("chain") / "lake", chain))


def export(source, to, env=None):
    """The files of the tables of the real ledgers, {name: bytes}."""
    done = run("export", TABLES, "--source", source, "--network", "pubnet", "--output", to, "--quiet",
               env=env)
    assert done.returncode == 0, done.stderr
    return {file.name: file.read_bytes() for file in to.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_all_tables_are_those_of_the_folder_to_the_byte(kind, real, tmp_path):
    content, want = real
    (tmp_path / "source").mkdir()
    with KINDS[kind](content, tmp_path / "source") as source:
        got = export(source.url(), tmp_path / "out", source.env)
    assert len(want) == 4 and all(want.values())
    assert got == want


@pytest.fixture(scope="module", params=FAR)
def far(request, chain, tmp_path_factory):
    with KINDS[request.param](chain, tmp_path_factory.mktemp("far")) as source:
        yield source


@pytest.fixture(scope="module")
def proxy():
    with toxiproxy.running() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def want(chain):
    return stream(chain.folder)


def stream(source, *args, env=None):
    done = run("export", f"{TABLE}:{FIRST}:{LAST}", "--source", source, "--network", "pubnet",
               "--format", "arrow", "--quiet", *args, env=env, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_line_loses_and_doubles_nothing(far, proxy, fault, want):
    with proxy.line(far.port) as line:
        BAD[fault](line)
        assert stream(far.url(line.port), *PATIENT, env=far.env) == want


@pytest.mark.parametrize("failure", FAILURES)
def test_a_line_that_fails_for_a_while_loses_and_doubles_nothing(far, proxy, failure):
    begin, end = FAILURES[failure]
    with proxy.line(far.port) as line:
        line.add("latency", latency=40, jitter=0)  # or all would be read before the line fails
        with serve(far.url(line.port), "--fetchers", "2", *PATIENT, *NO_FLUSH, env=far.env) as server, \
                server.connect() as client:
            def retries():
                return sum(value for name, value in server.metrics().items()
                           if name.startswith("retries_total"))

            reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{LAST}"))
            rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
            before = retries()
            begin(line)
            program.eventually(lambda: retries() > before)
            end(line)
            rows += reader.read_all().column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST, LAST + 1))
