"""A lake behind a web server, and what only such a one has: links, redirects, passwords, TLS, no list."""

import time

import pytest

import ledgers
import program
from far_lake import COUNT, FIRST, LAST, export, folder, whole  # noqa: F401 (fixtures)
from fault_proxy import FaultProxy
from program import TABLE, eventually, next_ledger, read, serve, wire_code
from web_server import NGINX, OPENSSL, PASSWORD, USER, WebServer

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx here (scripts/setup.sh stores)")


@pytest.fixture(scope="module")
def web(folder, tmp_path_factory):
    with WebServer(tmp_path_factory.mktemp("web") / "nginx", folder, tls=OPENSSL is not None) as web:
        yield web


@pytest.mark.parametrize("path", ["lake", "lake/", "moved"])
def test_same_bytes_as_from_the_folder(web, whole, path):
    done = export(f"{web.http}/{path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == whole


def test_connections_are_kept(web, whole):
    before = len(web.requests())
    assert export(f"{web.http}/lake").stdout == whole
    requests = web.requests()[before:]
    assert len(requests) > COUNT
    assert len({connection for _, connection, *_ in requests}) <= 20


@pytest.mark.skipif(OPENSSL is None, reason="no openssl here")
def test_tls_is_verified_and_speaks_http_2(web, whole):
    refused = export(f"{web.https}/lake", env={"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"})
    assert refused.returncode == 2 and "SSL_CERT_FILE" in refused.stderr, refused.stderr
    before = len(web.requests())
    done = export(f"{web.https}/lake", env={"SSL_CERT_FILE": str(web.ca)})
    assert done.returncode == 0, done.stderr
    assert done.stdout == whole
    assert {protocol for _, _, _, protocol, *_ in web.requests()[before:]} == {"HTTP/2.0"}


def test_password_is_used_and_never_told(web, whole):
    url = web.http.replace("://", f"://{USER}:{PASSWORD}@") + "/private/?token=query-secret-55"
    done = export(url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == whole
    begun = time.monotonic()
    refused = export(url.replace(PASSWORD, "wrong-word-99"))
    assert refused.returncode == 1 and "401" in refused.stderr
    assert time.monotonic() - begun < 10, "it was tried again"
    missing = export(url.replace("/private/", "/nowhere/"))
    assert missing.returncode != 0
    with serve(url, "--log-level", "debug") as server, server.connect() as client:
        read(client, f"{TABLE}:{FIRST}:{FIRST + 9}").ended()
        said = server.log + server.probe("/metrics")[2] + server.probe("/ready")[2]
    for text in (done.stderr, refused.stderr, missing.stderr, said):
        for secret in (PASSWORD, "wrong-word-99", "query-secret-55", f"{USER}:"):
            assert secret not in text


def test_outage_is_outlasted(web, folder):
    with FaultProxy(web.port) as proxy, \
            serve(f"http://127.0.0.1:{proxy.port}/lake") as server, server.connect() as client:
        proxy.latency = 0.01
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{LAST}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.down = True
        eventually(lambda: any(name.startswith("retries_total") and count
                               for name, count in server.metrics().items()))
        proxy.down = False
        for chunk in reader:
            rows += chunk.data.column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST, LAST + 1))


def test_missing_object_is_waited_for_at_the_tip_and_a_gap_behind_it(tmp_path):
    chain = ledgers.make_chain(FIRST, [3_000] * 20)
    early = {sequence: lcm for sequence, lcm in chain.items() if sequence < FIRST + 10}
    lake = ledgers.write_lake(tmp_path / "lake", early)
    with WebServer(tmp_path / "nginx", lake) as web, serve(f"{web.http}/lake") as server, \
            server.connect() as client:
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{FIRST + 10}"))
        rows = []
        while len(rows) < 10:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        ledgers.put_object(lake, {FIRST + 10: chain[FIRST + 10]})
        begun = time.monotonic()
        for chunk in reader:
            rows += chunk.data.column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST, FIRST + 11))
        assert time.monotonic() - begun < 10
        for sequence in range(FIRST + 13, FIRST + 20):
            ledgers.put_object(lake, {sequence: chain[sequence]})
        gap = read(client, f"{TABLE}:{FIRST}:{FIRST + 19}")
        assert wire_code(gap.error) == "DATA_LOSS" and next_ledger(gap.error) == FIRST + 11
        assert gap.sequences == list(range(FIRST, FIRST + 11))


def test_what_is_kept_is_not_asked_for_again_and_is_what_it_was(web, whole, tmp_path):
    args = (f"{web.http}/lake", "--cache-dir", tmp_path / "cache")
    assert export(*args).stdout == whole
    kept = sorted((tmp_path / "cache").iterdir())
    assert len(kept) == COUNT
    before = len(web.requests())
    assert export(*args).stdout == whole
    got = [path for *_, method, path in web.requests()[before:]
           if method == "GET" and path.endswith(".zst")]
    assert not got
    # Damaged, cut short, gone: read again, and kept again.
    for file, change in zip(kept, (lambda data: data[:50] + b"x" + data[51:],
                                   lambda data: data[:-40], lambda data: b"")):
        file.write_bytes(change(file.read_bytes()))
    kept[3].unlink()
    before = len(web.requests())
    assert export(*args).stdout == whole
    got = [path for *_, method, path in web.requests()[before:]
           if method == "GET" and path.endswith(".zst")]
    assert len(got) == 4
    assert sorted((tmp_path / "cache").iterdir()) == kept


def test_newest_ledger_is_known_without_a_list(web):
    with serve(f"{web.http}/lake") as server:
        eventually(lambda: server.metrics().get("head_ledger") == LAST)
