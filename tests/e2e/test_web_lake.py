"""A lake behind a real web server: the same bytes as from its folder, whatever the line does to them."""

import time

import pytest

import ledgers
import program
from fault_proxy import FaultProxy
from program import (TABLE, eventually, next_ledger, read, read_until_unavailable, run, serve, wire_code)
from web_server import NGINX, OPENSSL, PASSWORD, USER, WebServer

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx here (scripts/setup.sh stores)")

FIRST, COUNT = 2, 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    chain = ledgers.make_chain(FIRST, [3_000] * COUNT)
    return ledgers.write_lake(tmp_path_factory.mktemp("lakes") / "lake", chain)


@pytest.fixture(scope="module")
def web(folder, tmp_path_factory):
    with WebServer(tmp_path_factory.mktemp("web") / "nginx", folder, tls=OPENSSL is not None) as web:
        yield web


def export(source, *args, request=f"{TABLE}:{FIRST}:{FIRST + COUNT - 1}", env=None):
    return run("export", request, "--source", source, "--format", "arrow", "--quiet", *args, env=env)


@pytest.fixture(scope="module")
def whole(folder):
    """The Arrow stream of all ledgers, read from the folder."""
    done = export(folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", ["lake", "lake/", "listed", "moved"])
def test_same_bytes_as_from_the_folder(web, whole, path):
    done = export(f"{web.http}/{path}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == whole


def test_all_tables_of_real_ledgers_are_the_same_bytes(tmp_path):
    tables = f"ttp_events,operations,transactions,{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"
    with WebServer(tmp_path / "nginx", ledgers.PUBNET_LAKE) as web:
        for source, to in ((ledgers.PUBNET_LAKE, "folder"), (f"{web.http}/listed/", "web")):
            done = export(source, "--output", tmp_path / to, "--network", "pubnet", request=tables)
            assert done.returncode == 0, done.stderr
    files = sorted((tmp_path / "folder").iterdir())
    assert len(files) == 4
    for file in files:
        assert file.read_bytes() == (tmp_path / "web" / file.name).read_bytes()


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


def test_broken_connections_lose_and_double_nothing(web, whole):
    with FaultProxy(web.port) as proxy:
        # The lake is found before the line becomes bad: what is shown is how objects are read.
        proxy.latency = 0.002
        proxy.cut = proxy.reset = 0.02
        done = export(f"http://127.0.0.1:{proxy.port}/lake", "--breaker-threshold", "100",
                      "--max-attempts", "10")
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole
        assert proxy.broken > 3


def test_outage_is_outlasted(web, folder):
    with FaultProxy(web.port) as proxy, \
            serve(f"http://127.0.0.1:{proxy.port}/lake") as server, server.connect() as client:
        proxy.latency = 0.01
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{FIRST + COUNT - 1}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.down = True
        eventually(lambda: any(name.startswith("retries_total") and count
                               for name, count in server.metrics().items()))
        proxy.down = False
        for chunk in reader:
            rows += chunk.data.column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST, FIRST + COUNT))


def test_stream_that_waits_for_a_silent_server_ends_at_once_when_its_client_leaves(web):
    with FaultProxy(web.port) as proxy, \
            serve(f"http://127.0.0.1:{proxy.port}/lake") as server, server.connect() as client:
        proxy.latency = 0.01
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{FIRST + COUNT - 1}"))
        reader.read_chunk()
        proxy.silent = True
        time.sleep(0.5)
        assert server.metrics()["active_connections"] == 1
        begun = time.monotonic()
        reader.cancel()
        eventually(lambda: server.metrics()["active_connections"] == 0)
        assert time.monotonic() - begun < 5  # far below the 15 s that silence is borne


def test_lake_that_is_down_from_some_ledger_on_says_where_to_go_on(web):
    with FaultProxy(web.port) as proxy, \
            serve(f"http://127.0.0.1:{proxy.port}/lake", "--max-attempts", "2") as server, \
            server.connect() as client:
        proxy.latency = 0.01
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}:{FIRST + COUNT - 1}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.down = True
        place = read_until_unavailable(reader, rows)
        eventually(lambda: server.probe("/ready")[0] == 503)
        proxy.down = False
        eventually(lambda: server.probe("/ready")[0] == 200)
        rest = read(client, f"{TABLE}:{place}:{FIRST + COUNT - 1}").ended()
        assert rows + rest.sequences == list(range(FIRST, FIRST + COUNT))


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
        eventually(lambda: server.metrics().get("head_ledger") == FIRST + COUNT - 1)
