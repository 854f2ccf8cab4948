"""One range from a source of every kind: the same Arrow streams to the byte, also over lines that are slow,
that cut and reset connections, fall silent, or are down for a while."""

import contextlib
import shutil

import pytest

import ledgers
import object_stores
import program
import toxiproxy
from program import TABLE, run, serve
from rpc_stub import RpcStub
from services import NO_FLUSH, FakeCore, go_raw_ledgers, raw_ledgers
from web_server import NGINX, OPENSSL, WebServer, make_certificate

TABLES = f"stellar_ledger,transactions,operations,ttp_events:{ledgers.FIRST}:{ledgers.NEWEST}"
FIRST, COUNT = 5000, 120
LAST = FIRST + COUNT - 1


class Content:
    """The same ledgers as a mapping and as a lake's folder."""

    def __init__(self, chain, folder):
        self.chain, self.folder = chain, folder


class Source:
    """One that is there: how it is named by way of a port, its own one, and its environment."""

    def __init__(self, url, port=None, env=None):
        self._url, self.port, self.env = url, port, env

    def url(self, port=None):
        return str(self._url(port or self.port))


@contextlib.contextmanager
def from_store(content, here, name):
    with object_stores.STARTS[name](here) as store:
        store.put(content.folder, "bucket/lake")
        yield Source(lambda port: store.url("bucket/lake", port), store.port, store.env)


@contextlib.contextmanager
def from_open_bucket(content, here):
    with object_stores.s3(here, "versitygw") as store:
        store.put(content.folder, "bucket/lake")
        object_stores.open_to_all("bucket", store.port)
        yield Source(lambda port: store.url("bucket/lake", port) + "&anonymous=true", store.port,
                     {"AWS_EC2_METADATA_DISABLED": "true"})


@contextlib.contextmanager
def from_s3_over_tls(content, here):
    if OPENSSL is None:
        pytest.skip("no openssl here")
    certificate = make_certificate(here)
    with object_stores.s3(here, "versitygw", certificate) as store:
        shutil.copytree(content.folder, here / "s3/bucket/lake")  # whose buckets are folders
        yield Source(lambda port: store.url("bucket/lake", port), store.port, store.env)


@contextlib.contextmanager
def from_web_over_tls(content, here):
    if NGINX is None or OPENSSL is None:
        pytest.skip("no nginx or openssl here (scripts/setup.sh stores)")
    with WebServer(here / "nginx", content.folder, tls=True) as web:
        # No list of files here, so where the lake begins must be said.
        yield Source(lambda port: f"https://127.0.0.1:{port}/lake/#first={min(content.chain)}",
                     web.tls_port, {"SSL_CERT_FILE": str(web.ca)})


@contextlib.contextmanager
def from_rpc(content, _):
    with RpcStub(content.chain) as stub:
        yield Source(lambda port: f"rpc+http://127.0.0.1:{port}", stub.port)


@contextlib.contextmanager
def from_rpc_over_tls(content, here):
    if OPENSSL is None:
        pytest.skip("no openssl here")
    certificate = make_certificate(here)
    with RpcStub(content.chain, certificate=certificate) as stub:
        yield Source(lambda port: f"rpc+https://127.0.0.1:{port}", stub.port,
                     {"SSL_CERT_FILE": str(certificate[0])})


@contextlib.contextmanager
def from_grpc(content, _):
    with raw_ledgers(content.folder) as port:
        yield Source(lambda port: f"grpc://127.0.0.1:{port}", port)


@contextlib.contextmanager
def from_go_grpc(content, here):
    with go_raw_ledgers(content.chain, here) as port:
        yield Source(lambda port: f"grpc://127.0.0.1:{port}", port)


@contextlib.contextmanager
def from_core(content, here):
    fake = FakeCore(here, content.chain)
    yield Source(lambda _: fake.url, env=fake.env)


@contextlib.contextmanager
def from_frames(content, here):
    (here / "frames.xdr").write_bytes(ledgers.framed(content.chain))
    yield Source(lambda _: here / "frames.xdr")


KINDS = {
    **{name: lambda content, here, name=name: from_store(content, here, name)
       for name in object_stores.STARTS},
    "versitygw-tls": from_s3_over_tls,
    "versitygw-public": from_open_bucket,
    "web-tls": from_web_over_tls,
    "rpc": from_rpc,
    "rpc-tls": from_rpc_over_tls,
    "grpc": from_grpc,
    "grpc-go": from_go_grpc,
    "fake-core": from_core,
    "frames": from_frames,
}
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
