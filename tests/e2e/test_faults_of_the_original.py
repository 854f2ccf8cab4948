"""What the streams of the Go service before this one did wrong: each test fails on that fault. The
faults that belong to other topics have their tests there; docs/testing.md lists all."""

import concurrent.futures
import time

import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, eventually, read, run, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
TABLES = pytest.mark.parametrize("table", [TABLE, "transactions", "operations", "ttp_events"])
GO_LIMIT = 4 << 20  # what Go clients receive by default
MIB = 1 << 20


@pytest.fixture(scope="module")
def long_lake(tmp_path_factory):
    """Real ledgers, so many that a thousand rows of each table are there many times over."""
    lake = tmp_path_factory.mktemp("long") / "lake"
    done = run("lake", "write", "--source", ledgers.PUBNET_LAKE, "--output", lake, "--repeat", 40,
               "--start", 2)
    assert done.returncode == 0, done.stderr
    with serve(lake) as running:
        yield running


@pytest.fixture(scope="module")
def dense():
    return ledgers.make_chain(1000, [MIB] * 200)


@pytest.fixture
def dense_server(tmp_path_factory, dense):
    """More than all that may wait for a reader: in workers, in batches and in sockets."""
    lake = ledgers.write_lake(tmp_path_factory.mktemp("dense") / "lake", dense)
    with serve(lake, "--threads", "2") as running:
        yield running


def test_tail_of_a_short_stream_is_never_lost_under_a_good_end():
    """12 of 100 streams lost up to ten batches: the end was told before what lay in a queue."""
    ticket = f"{TABLE}:{FIRST}:{NEWEST}"
    with serve(ledgers.PUBNET_LAKE, env={"BATCH_SIZE": "1"}) as server, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:

        def sequences_of_a_stream(_):
            with server.connect() as client:
                return read(client, ticket).ended().sequences

        results = list(pool.map(sequences_of_a_stream, range(200)))
    assert all(sequences == list(ledgers.PUBLISHED) for sequences in results)


def test_tail_is_not_lost_by_a_reader_that_is_slower_than_the_server(dense_server, dense):
    """A slow reader got 7,000 of 9,000 rows, and a good end."""
    with dense_server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:1000:{max(dense)}"))
        sequences = []
        for chunk in reader:
            sequences += chunk.data.column("ledger_sequence").to_pylist()
            time.sleep(0.02)
    assert sequences == list(dense)


def test_full_queues_are_no_error_and_drop_nothing(dense_server, dense):
    """A full queue of tasks ended the batch with an error, a full queue of results dropped them."""
    at_start = dense_server.memory()
    with dense_server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:1000:{max(dense)}"),
                               flight.FlightCallOptions(timeout=120))
        rows = reader.read_chunk().data.select(["ledger_sequence", "ledger_close_meta_xdr"])
        got = rows.to_pylist()

        def fills_no_more():
            before = dense_server.cpu_seconds()
            time.sleep(1)
            return dense_server.cpu_seconds() - before < 0.05

        eventually(fills_no_more)
        # The server has stopped working for it, long before it has read all: of 200 MiB a worker has
        # a block of 16 at hand and one waits, and one more is on its way (docs/limits.md).
        print(f"{(dense_server.memory() - at_start) / MIB:.0f} MiB are held")
        assert dense_server.memory() < at_start + 160 * MIB
        time.sleep(2)
        for chunk in reader:
            got += chunk.data.select(["ledger_sequence", "ledger_close_meta_xdr"]).to_pylist()
    assert [row["ledger_sequence"] for row in got] == list(dense)
    assert [row["ledger_close_meta_xdr"] for row in got] == list(dense.values())


@TABLES
def test_batches_of_a_thousand_rows_are_received_by_a_go_client_with_its_defaults(long_lake, table):
    """Its own Go clients failed at its own default of 1000 ledgers a batch."""
    with long_lake.connect(max_message=GO_LIMIT) as client:
        stream = read(client, f"{table}:2:241").ended()
    assert list(dict.fromkeys(stream.sequences)) == list(range(2, 242))
    if table == "operations":
        assert max(batch.num_rows for batch in stream.batches) > 500


@TABLES
def test_range_up_to_the_tip_ends_when_its_rows_are_out(client, table):
    """It delivered all rows of such a range, and then hung."""
    stream = read(client, f"{table}:{FIRST}:{NEWEST}", seconds=30).ended()
    assert list(dict.fromkeys(stream.sequences)) == list(ledgers.PUBLISHED)
