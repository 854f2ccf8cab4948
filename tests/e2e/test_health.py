"""Health and readiness agree with what is so, and come back by themselves."""

import json
import os
import shutil
import time

import pytest

import ledgers
from program import TABLE, Server, eventually, read, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"


@pytest.fixture
def away(lake, pubnet, tmp_path):
    """A server whose source can be taken away (True) and brought back (False)."""
    source = lake(pubnet)
    with serve(source) as server:
        def move(gone):
            if gone:
                source.rename(tmp_path / "elsewhere")
            else:
                (tmp_path / "elsewhere").rename(source)
        yield server, move


def test_healthy_server_says_so_on_every_path(server):
    for probed in ("/health", "/ready", "/readyz"):
        status, kind, text = server.probe(probed)
        assert (status, kind) == (200, "application/json")
        state = json.loads(text)
        assert state["status"] == "healthy" and state["reasons"] == []
        assert state["head_ledger"] == NEWEST and state["source"] == str(ledgers.PUBNET_LAKE)
    assert server.probe("/livez")[::2] == (200, "ok\n")
    for other in ("/", "/nonsense", "/ready/", "/../metrics", "/%2e%2e/metrics", "//ready",
                  "/metrics/../../etc/passwd", "*"):
        assert server.probe(other)[0] == 404, other


def test_health_is_not_the_constant_healthy_and_comes_back_with_the_source(away):
    """The original said "healthy" whatever was so, or "unhealthy" for ever."""
    server, move = away
    assert server.reasons() == []
    move(True)
    eventually(lambda: server.reasons() == ["source_failed"], 60)
    status, _, text = server.probe("/health")
    assert status == 503
    assert json.loads(text)["status"] == "unhealthy"
    assert "lake" in json.loads(text)["reasons"][0]["message"]
    assert server.probe("/livez")[0] == 200  # to restart the server would bring nothing back
    with server.connect() as client:
        assert read(client, WHOLE).error  # it is so
    move(False)
    eventually(lambda: server.reasons() == [])
    with server.connect() as client:
        assert read(client, WHOLE).ended().sequences == list(range(FIRST, NEWEST + 1))


def test_errors_of_streams_never_make_the_server_unhealthy_for_ever(lake, pubnet):
    """Ten errors in its life were enough for the original."""
    source = lake(ledgers.without(pubnet, FIRST + 3))
    with serve(source) as server, server.connect() as client:
        for _ in range(30):
            assert read(client, WHOLE).error
        assert server.reasons() == []
        assert server.metrics()["gaps_total"] == 30
        # What was missing comes, and is served.
        ledgers.put_object(source, {FIRST + 3: pubnet[FIRST + 3]})
        read(client, WHOLE).ended()


@pytest.mark.nightly
def test_file_system_that_does_not_answer_is_told_of_and_does_not_keep_the_server(lake, pubnet):
    """An object that is a pipe stands for it: to open it takes for ever."""
    source = lake(pubnet)
    server = Server(source, env={"DRAIN_TIMEOUT": "2s"})
    os.mkfifo(ledgers.object_path(source, NEWEST + 1))
    eventually(lambda: server.reasons() == ["source_silent"], 60)
    assert server.metrics()["source_up"] == 0
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 4


def test_file_that_is_gone_is_noticed(tmp_path, pubnet):
    source = ledgers.write_files(tmp_path / "files", pubnet)
    with serve(source) as server:
        assert server.reasons() == []
        shutil.rmtree(source)
        eventually(lambda: server.reasons() == ["source_failed"])
        ledgers.write_files(source, pubnet)
        eventually(lambda: server.reasons() == [])


def test_old_head_is_not_ready_where_a_limit_says_so_and_a_new_one_is(tmp_path):
    now = int(time.time())
    # Close times are 1,600,000,000 + 5 a ledger.
    first = (now - 1_600_000_000) // 5 - 100
    chain = ledgers.make_chain(first, [0] * 100)
    old = {sequence: chain[sequence] for sequence in list(chain)[:10]}
    source = ledgers.write_lake(tmp_path / "lake", old, passphrase=ledgers.TESTNET)
    with serve(source, "--ready-max-lag", "200s") as server:
        eventually(lambda: server.reasons() == ["behind"])
        lag = json.loads(server.probe("/ready")[2])["head_lag_seconds"]
        assert lag == pytest.approx(time.time() - (1_600_000_000 + max(old) * 5), abs=5)
        assert server.metrics()["head_lag_seconds"] == pytest.approx(lag, abs=5)
        for sequence in list(chain)[10:]:
            ledgers.put_object(source, {sequence: chain[sequence]})
        eventually(lambda: server.reasons() == [])
        assert server.metrics()["head_ledger"] == max(chain)
        assert server.metrics()["head_lag_seconds"] < 100


def test_source_that_has_no_ledgers_yet_is_healthy(tmp_path):
    source = ledgers.write_lake(tmp_path / "lake", {})
    with serve(source) as server:
        assert server.reasons() == []
        state = json.loads(server.probe("/health")[2])
        assert state["head_ledger"] is None and state["head_lag_seconds"] is None
        assert server.metrics()["head_ledger"] == 0


def test_ports_answer_before_the_source_does(tmp_path):
    """A pipe that nobody writes to yet: the server starts, and says so."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with serve(f"framed:{pipe}?follow=true") as server:
        assert server.reasons() == []
        assert server.metrics()["head_ledger"] == 0
