"""Metrics are true: they equal what was streamed, by whatever way it ended."""

import json
import os
import re
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from ledgers import without
from program import (PROGRAM, ROOT, TABLE, Server, environment, eventually, path, read, run,
                     serve)

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"

# What dashboards of the Go service before this one ask for, and the buckets that it had.
ORIGINAL = {
    "ledgers_processed_total": "counter", "records_streamed_total": "counter",
    "bytes_transferred_total": "counter", "errors_total": "counter",
    "active_connections": "gauge", "memory_usage_bytes": "gauge", "batch_size": "gauge",
    "processing_duration_seconds": "histogram", "batch_duration_seconds": "histogram",
    "xdr_conversion_duration_seconds": "histogram", "stream_duration_seconds": "histogram",
    "record_size_bytes": "summary"}
FIRST_BUCKETS = {"processing_duration_seconds": 1e-3, "batch_duration_seconds": 1e-4,
                 "xdr_conversion_duration_seconds": 1e-5, "stream_duration_seconds": 1}


@pytest.fixture
def fresh():
    """A server that nobody has asked anything."""
    with serve(ledgers.PUBNET_LAKE) as running:
        yield running


def settled(server, streams=0):
    """The metrics once no stream runs any more."""
    eventually(lambda: server.metrics()["active_connections"] == streams)
    return server.metrics()


def test_every_family_of_the_original_is_there_without_labels_and_with_its_buckets(fresh):
    for port in (fresh.metrics_port, fresh.health_port):
        status, kind, text = fresh.probe("/metrics", port)
        assert status == 200 and kind.startswith("text/plain; version=0.0.4")
        types = dict(re.findall(r"^# TYPE stellar_arrow_(\S+) (\S+)$", text, re.M))
        assert ORIGINAL.items() <= types.items()
    series = fresh.metrics()
    for name, kind in ORIGINAL.items():
        assert (name if kind in ("counter", "gauge") else f"{name}_count") in series
    for name, first in FIRST_BUCKETS.items():
        buckets = re.findall(rf'^stellar_arrow_{name}_bucket{{le="(.*)"}}', text, re.M)
        assert [float(bound) for bound in buckets] == pytest.approx(
            [first * 2 ** i for i in range(10)] + [float("inf")])
    quantiles = re.findall(r'^stellar_arrow_record_size_bytes{quantile="(.*)"}', text, re.M)
    assert quantiles == ["0.5", "0.9", "0.99"]


def test_every_family_is_in_the_list_and_the_list_is_the_document(fresh):
    listed = run("metrics").stdout.decode()
    assert listed == (ROOT / "docs/metrics.md").read_text()
    there = set(re.findall(r"^# TYPE (\S+)", fresh.probe("/metrics")[2], re.M))
    assert there <= set(re.findall(r"^\| `(\S+)`", listed, re.M))


def test_metrics_equal_what_was_streamed(fresh):
    with fresh.connect() as client:
        streams = [read(client, ticket).ended() for ticket in (WHOLE, WHOLE, f"transactions:{FIRST}:{NEWEST}")]
    rows = [stream.table.num_rows for stream in streams]
    batches = [batch for stream in streams for batch in stream.batches]
    series = settled(fresh)
    assert series["ledgers_processed_total"] == 3 * 6
    assert series["records_streamed_total"] == sum(rows)
    assert series['rows_total{table="stellar_ledger"}'] == rows[0] + rows[1] == 12
    assert series['rows_total{table="transactions"}'] == rows[2] == sum(
        published[0] for published in ledgers.PUBLISHED.values())
    # As another writer makes them: without their schema's message and the length before each.
    sent = sum(batch.serialize().size for batch in batches)
    assert sent - 16 * len(batches) <= series["bytes_transferred_total"] <= sent
    assert series['uncompressed_bytes_total{codec="none"}'] <= series[
        'compressed_bytes_total{codec="none"}']  # padded to whole words
    for name in ("processing_duration_seconds", "xdr_conversion_duration_seconds"):
        assert series[f"{name}_count"] == series[f'{name}_bucket{{le="+Inf"}}'] == 18
        assert 0 < series[f"{name}_sum"] < 600
    assert series["xdr_conversion_duration_seconds_sum"] < series["processing_duration_seconds_sum"]
    assert series["batch_duration_seconds_count"] == len(batches)
    assert series["record_size_bytes_count"] == len(batches)
    assert series["stream_duration_seconds_count"] == 3
    assert series["last_ledger"] == series["head_ledger"] == NEWEST
    assert series["batch_size"] == 1000
    for name in ("errors_total", "gaps_total", "verify_failures_total", "skipped_ledgers_total",
                 "memory_usage_bytes"):
        assert series[name] == 0, name


def test_compressed_bytes_are_told_by_codec(fresh):
    request = {"table": TABLE, "start": FIRST, "end": NEWEST, "columns": ["ledger_sequence"]}
    with fresh.connect() as client:
        for codec in ("lz4", "zstd"):
            read(client, json.dumps(request | {"compression": codec})).ended()
    series = settled(fresh)
    for codec in ("lz4", "zstd"):
        assert series[f'compressed_bytes_total{{codec="{codec}"}}'] > 0
        assert series[f'uncompressed_bytes_total{{codec="{codec}"}}'] > 0
    assert not any("none" in name for name in series)


def test_metrics_change_while_a_stream_runs(lake, pubnet):
    source = lake(without(pubnet, NEWEST))
    with serve(source) as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        for _ in range(5):
            reader.read_chunk()
            if server.metrics()["ledgers_processed_total"] == 5:
                break
        series = server.metrics()
        assert series["active_connections"] == 1
        assert series["ledgers_processed_total"] == 5
        assert series["head_ledger"] == NEWEST - 1
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        while reader.read_chunk().data.column("ledger_sequence").to_pylist()[-1] != NEWEST:
            pass
        assert server.metrics()["last_ledger"] == server.metrics()["head_ledger"] == NEWEST
        reader.cancel()
        series = settled(server)
        assert series["errors_total"] == 0  # clients may leave


@pytest.mark.parametrize("gap", [True, False], ids=["gap", "wrong"])
def test_streams_that_end_with_an_error_are_counted_by_their_kind(lake, pubnet, gap):
    source = lake(without(pubnet, FIRST + 3) if gap else pubnet)
    if not gap:
        ledgers.flip_bit(ledgers.object_path(source, FIRST + 3), 12 + ledgers.HEADER + 40)
    with serve(source) as server, server.connect() as client:
        for _ in range(2):
            assert read(client, WHOLE).error
        series = settled(server)
        assert series["gaps_total"] == (2 if gap else 0)
        assert series["verify_failures_total"] == (0 if gap else 2)
        assert series["errors_total"] == series['failures_total{reason="DATA_LOSS"}'] == 2
        assert series["records_streamed_total"] == series["ledgers_processed_total"] == 2 * 3
        assert series["skipped_ledgers_total"] == 0


def test_refused_calls_are_counted_by_their_code(fresh):
    with fresh.connect() as client:
        assert read(client, "nonsense").error
        assert read(client, f"{TABLE}:1:2").error
        with pytest.raises(pa.ArrowException):
            client.get_flight_info(path("nonsense"))
    series = settled(fresh)
    assert series['failures_total{reason="INVALID_ARGUMENT"}'] == 2
    assert series['failures_total{reason="OUT_OF_RANGE"}'] == 1
    assert series["errors_total"] == 3


def test_series_stay_few_whatever_clients_send(fresh):
    """Names that clients make up are no labels (reliability row F9)."""
    evil = ["\r\n", "\x1b[31m", '"}', "\\", "\u2028", "a" * 500]
    with fresh.connect() as client:
        for i in range(2000):
            assert read(client, f"{evil[i % len(evil)]}{i}").error
            with pytest.raises(pa.ArrowException):
                client.get_flight_info(path(f"{i}{evil[i % len(evil)]}"))
    for i in range(200):
        assert fresh.probe(f"/{i}%0d%0a?x={i}")[0] == 404
    text = fresh.probe("/metrics")[2]
    assert len([line for line in text.splitlines() if not line.startswith("#")]) < 200
    assert text.isprintable() is False and not re.search(r"[^\n -~]", text)  # lines, and no more


def test_port_that_was_asked_for_and_is_taken_ends_the_program_with_exit_code_2(server):
    for name, option in (("METRICS_PORT", "metrics-port"), ("HEALTH_PORT", "health-port"),
                         ("ARROW_PORT", "port")):
        ports = {"METRICS_PORT": "0", "HEALTH_PORT": "0", "ARROW_PORT": "0"}
        done = run("serve", "--source", ledgers.PUBNET_LAKE,
                   env=ports | {name: str(server.health_port)})
        assert done.returncode == 2, done.stderr
        assert f"cannot listen on 127.0.0.1:{server.health_port}" in done.stderr
        assert name in done.stderr or f"--{option}" in done.stderr


# Takes the default ports in a network of its own, and becomes the program, which finds them taken.
TAKEN = """
import os, socket, sys
for port in (9090, 8088):
    taken = socket.socket()
    taken.bind(("127.0.0.1", port))
    taken.listen()
    taken.set_inheritable(True)
    taken.detach()
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(os.geteuid() != 0 or None in map(shutil.which, ("unshare", "ip")),
                    reason="only root makes a network of its own, with unshare and ip")
def test_default_ports_that_are_taken_are_gone_without_as_nobody_asked_for_them():
    command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh",
               sys.executable, "-c", TAKEN, PROGRAM, "serve", "--source",
               str(ledgers.PUBNET_LAKE), "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          env=environment(), text=True) as process:
        log = ""
        for line in process.stderr:
            log += line
            if "listening on grpc" in line:
                break
        process.terminate()
        log += process.stderr.read()
        assert process.wait(30) == 0, log
    for port, option in ((9090, "metrics-port"), (8088, "health-port")):
        assert f"cannot listen on 127.0.0.1:{port}" in log and f"--{option}" in log, log


def test_one_port_for_both_answers_both():
    with serve(ledgers.PUBNET_LAKE) as other:
        port = other.health_port
    server = Server(ledgers.PUBNET_LAKE, env={"METRICS_PORT": str(port), "HEALTH_PORT": str(port)})
    try:
        assert server.metrics_port == port and server.health_port is None
        assert server.probe("/ready", port)[0] == server.probe("/metrics", port)[0] == 200
    finally:
        assert server.stop() == 0
