"""A client of another implementation, arrow-go with its defaults, reads the same rows."""

import json
import shutil
import subprocess

import pytest

import ledgers
from ledgers import without
from program import ROOT, TABLE, serve

SOURCE = ROOT / "tests/clients/go"
FROM, TO = str(ledgers.FIRST), str(ledgers.NEWEST)
ALL = list(range(ledgers.FIRST, ledgers.NEWEST + 1))

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="no Go here")


@pytest.fixture(scope="module")
def go_client():
    """The client's program, built once in the build folder."""
    built = ROOT / "build/tests/go-client"
    built.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", built, "."], cwd=SOURCE, check=True, timeout=900)

    def run(server, by, *request):
        done = subprocess.run([built, "-server", f"127.0.0.1:{server.port}", "-by", by, *request],
                              capture_output=True, timeout=90, check=False)
        return done, json.loads(done.stdout)
    return run


@pytest.mark.parametrize("by,request_parts", [
    ("path", [f"{TABLE}:{FROM}:{TO}"]), ("path", [TABLE, FROM, TO]),
    ("cmd", [f"{TABLE}:{FROM}:{TO}"]), ("ticket", [f"{TABLE}:{FROM}:{TO}"])],
    ids=["path", "path-parts", "cmd", "ticket"])
def test_arrow_go_reads_the_table(server, go_client, pubnet, by, request_parts):
    done, got = go_client(server, by, *request_parts)
    assert done.returncode == 0, done.stderr
    assert got["sequences"] == ALL
    assert got["hashes"] == [ledgers.ledger_hash(pubnet[s]).hex() for s in ALL]
    assert got["xdr_bytes"] == sum(map(len, pubnet.values()))
    if by != "ticket":
        assert got["endpoints"] == 1 and got["total_records"] == 6


def test_arrow_go_sees_the_original_types(server, go_client):
    _, got = go_client(server, "ticket", f"{TABLE}:{FROM}:{FROM}")
    columns = [(column["name"], column["type"], column["nullable"]) for column in got["columns"]]
    assert columns[:4] == [
        ("ledger_sequence", "uint32", False),
        ("ledger_close_time", "timestamp[us, tz=UTC]", False),
        ("ledger_hash", "fixed_size_binary[32]", False),
        ("previous_ledger_hash", "fixed_size_binary[32]", False)]
    assert all(kind == "uint32" and not nullable for _, kind, nullable in columns[4:13])
    assert columns[13] == ("ledger_close_meta_xdr", "binary", False)


def test_arrow_go_with_its_default_limit_reads_large_ledgers(tmp_path, go_client):
    chain = ledgers.make_chain(1000, [700_000] * 20 + [3 << 20, 10, 3 << 20])
    with serve(ledgers.write_lake(tmp_path / "lake", chain)) as server:
        done, got = go_client(server, "path", TABLE, "1000", "1022")
    assert done.returncode == 0, done.stderr
    assert got["sequences"] == list(chain)
    assert got["xdr_bytes"] == sum(map(len, chain.values()))


@pytest.mark.parametrize("compression", ["none", "lz4", "zstd"])
def test_arrow_go_reads_what_it_asked_to_be_compressed(server, go_client, pubnet, compression):
    request = {"table": TABLE, "start": ledgers.FIRST, "end": ledgers.NEWEST,
               "compression": compression}
    done, got = go_client(server, "ticket", json.dumps(request))
    assert done.returncode == 0, done.stderr
    assert got["sequences"] == ALL
    assert got["xdr_bytes"] == sum(map(len, pubnet.values()))


def test_arrow_go_sees_the_error_after_the_rows_before_it(lake, pubnet, go_client):
    with serve(lake(without(pubnet, ledgers.FIRST + 3))) as server:
        done, got = go_client(server, "ticket", f"{TABLE}:{FROM}:{TO}")
    assert done.returncode == 1
    assert got["sequences"] == ALL[:3]
    assert got["code"] == "Internal"
    assert f"DATA_LOSS: ledger {ledgers.FIRST + 3}" in done.stderr.decode()


@pytest.mark.parametrize("by", ["path", "cmd", "ticket"])
def test_arrow_go_sees_a_bad_request_as_invalid_argument(server, go_client, by):
    done, got = go_client(server, by, f"{TABLE}:abc")
    assert done.returncode == 1
    assert got["code"] == "InvalidArgument"
    assert "INVALID_ARGUMENT" in done.stderr.decode()
