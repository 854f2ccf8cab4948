"""Lakes in object stores and behind a web server: the same bytes as from a folder, wherever it lies, and
whatever the line to it does."""

import subprocess
import time
import urllib.request

import pytest

import ledgers
import program
from far_lake import FIRST, LAST, WHOLE, export, folder, whole  # noqa: F401 (fixtures)
from fault_proxy import FaultProxy
from object_stores import AZURE_KEY, KEY, SECRET, STARTS
from program import TABLE, eventually, read, read_until_unavailable, serve


@pytest.fixture(scope="module", params=STARTS)
def store(request, folder, tmp_path_factory):
    with STARTS[request.param](tmp_path_factory.mktemp("store")) as running:
        running.put(folder, "bucket/some/lake")
        running.name = request.param
        yield running


def test_same_bytes_as_from_the_folder(store, whole):
    done = export(store.url("bucket/some/lake"), env=store.env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == whole


def test_broken_connections_lose_and_double_nothing(store, whole):
    with FaultProxy(store.port) as proxy:
        proxy.cut = proxy.reset = 0.01
        proxy.latency = 0.002
        done = export(store.url("bucket/some/lake", proxy.port), "--breaker-threshold", "100",
                      "--max-attempts", "10", env=store.env)
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole
        assert proxy.broken > 0


def test_store_that_goes_away_says_where_to_go_on_and_is_ready_by_itself(store):
    with FaultProxy(store.port) as proxy, \
            serve(store.url("bucket/some/lake", proxy.port), "--max-attempts", "4", "--fetchers", "2",
                  env=store.env) as server, server.connect() as client:
        proxy.latency = 0.05
        reader = client.do_get(program.flight.Ticket(WHOLE))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        proxy.down = True
        place = read_until_unavailable(reader, rows)
        eventually(lambda: server.probe("/ready")[0] == 503, seconds=60)
        proxy.down, proxy.latency = False, 0
        eventually(lambda: server.probe("/ready")[0] == 200, seconds=60)
        rest = read(client, f"{TABLE}:{place}:{LAST}").ended()
        assert rows + rest.sequences == list(range(FIRST, LAST + 1))


def test_stream_that_waits_for_a_silent_store_ends_at_once_when_its_client_leaves(store):
    with FaultProxy(store.port) as proxy, \
            serve(store.url("bucket/some/lake", proxy.port), env=store.env) as server, \
            server.connect() as client:
        proxy.latency = 0.02
        reader = client.do_get(program.flight.Ticket(WHOLE))
        reader.read_chunk()
        proxy.silent = True
        time.sleep(0.5)
        assert server.metrics()["active_connections"] == 1
        begun = time.monotonic()
        reader.cancel()
        eventually(lambda: server.metrics()["active_connections"] == 0)
        assert time.monotonic() - begun < 5


def test_call_that_waits_for_a_silent_store_to_say_what_it_has_ends_when_its_client_leaves(store):
    with FaultProxy(store.port) as proxy, \
            serve(store.url("bucket/some/lake", proxy.port), env=store.env) as server, \
            server.connect() as client:
        proxy.silent = True
        time.sleep(1)  # what it has is known no more
        with pytest.raises(program.flight.FlightTimedOutError):
            client.do_get(program.flight.Ticket(WHOLE), program.options(1)).read_chunk()
        # Not, some seconds later, that the store has not answered.
        server.wait_for_log("refused: ")
        assert "refused: CANCELLED" in server.log


def test_lake_that_vanishes_is_down_and_not_at_its_tip(store, tmp_path):
    lake = ledgers.write_lake(tmp_path / "lake", ledgers.make_chain(FIRST, [3_000] * 3))
    store.put(lake, "bucket/vanishing")
    with serve(store.url("bucket/vanishing"), env=store.env) as server, server.connect() as client:
        reader = client.do_get(program.flight.Ticket(f"{TABLE}:{FIRST}"))
        rows = []
        while len(rows) < 3:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        assert server.probe("/ready")[0] == 200
        store.delete("bucket/vanishing")
        assert read_until_unavailable(reader, rows) == FIRST + 3
        eventually(lambda: server.probe("/ready")[0] == 503, seconds=60)
        store.put(lake, "bucket/vanishing")
        eventually(lambda: server.probe("/ready")[0] == 200, seconds=60)


def test_what_is_not_there_is_told(store):
    missing = export(store.url("bucket/no/lake"), env=store.env)
    assert missing.returncode != 0 and "bucket/no/lake" in missing.stderr


def test_wrong_keys_are_refused_and_no_key_is_ever_told(store):
    if store.name in ("gcs", "moto", "web"):
        pytest.skip("takes any key")
    wrong = {"versitygw": {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "wrong-secret-7"},
             "azure": {"AZURE_STORAGE_KEY": "d3Jvbmctc2VjcmV0LTc="}}[store.name]
    begun = time.monotonic()
    refused = export(store.url("bucket/some/lake"), env=store.env | wrong)
    assert refused.returncode != 0
    if store.name == "versitygw":  # Azure's library does not tell refusals from other failures
        assert time.monotonic() - begun < 5, "it was tried again"
    with serve(store.url("bucket/some/lake"), "--log-level", "debug", env=store.env) as server, \
            server.connect() as client:
        read(client, WHOLE).ended()
        said = server.log + server.probe("/metrics")[2] + server.probe("/ready")[2]
        words = subprocess.run(["ps", "-o", "args=", "-p", str(server.pid)], capture_output=True,
                               text=True, check=True).stdout
    for text in (refused.stderr, said, words):
        for secret in (SECRET, KEY, AZURE_KEY, *wrong.values()):
            assert secret not in text


def test_key_in_a_url_is_refused_and_not_told():
    for url in ("s3://key-77:secret-88@bucket/lake", "gs://key-77:secret-88@bucket/lake",
                "abfs://account:secret-88@127.0.0.1:1/bucket/lake"):
        done = export(url)
        assert done.returncode == 2 and "environment" in done.stderr
        assert "secret-88" not in done.stderr


def test_public_names_mean_the_open_lakes(tmp_path, folder, whole):
    with STARTS["moto"](tmp_path) as store:
        store.filesystem.create_dir("aws-public-blockchain")
        store.put(folder, "aws-public-blockchain/v1.1/stellar/ledgers/testnet",
                  {"ACL": "public-read"})
        # Open to everybody, also its names. moto takes any signature, but wants one.
        urllib.request.urlopen(urllib.request.Request(
            f"http://127.0.0.1:{store.port}/aws-public-blockchain?acl", method="PUT",
            headers={"x-amz-acl": "public-read", "Authorization":
                     f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request, "
                     "SignedHeaders=host, Signature=0"}), timeout=10).close()
        done = export(f"public:testnet?endpoint_override=127.0.0.1:{store.port}&scheme=http")
        assert done.returncode == 0, done.stderr
        assert done.stdout == whole
    unknown = export("public:futurenet")
    assert unknown.returncode == 2
    assert "public:pubnet" in unknown.stderr and "public:testnet" in unknown.stderr
