"""Sizes of messages: below what clients receive by default, whatever the ledgers' sizes."""

import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, next_ledger, read, serve, wire_code

GO_LIMIT = 4 << 20  # gRPC's default in Go and Rust clients
MIB = 1 << 20


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    """A server over ledgers of many sizes, 40 MiB in all."""
    sizes = [0, 100, 300_000, MIB, 10, 3 * MIB, 3 * MIB, 500_000] + [700_000] * 30 + [MIB] * 10
    chain = ledgers.make_chain(1000, sizes)
    lake = ledgers.write_lake(tmp_path_factory.mktemp("dense") / "lake", chain)
    with serve(lake) as running:
        running.chain = chain
        yield running


def test_client_that_receives_four_mebibytes_reads_everything(dense):
    with dense.connect(max_message=GO_LIMIT) as client:
        stream = read(client, f"{TABLE}:1000:{999 + len(dense.chain)}").ended()
    assert stream.sequences == list(dense.chain)
    assert stream.table.column("ledger_close_meta_xdr").to_pylist() == list(dense.chain.values())


def test_batches_are_not_needlessly_small(dense):
    with dense.connect() as client:
        stream = read(client, f"{TABLE}:1000:{999 + len(dense.chain)}").ended()
    assert len(stream.batches) < len(dense.chain)
    assert all(batch.num_rows for batch in stream.batches)


def test_batches_are_cut_in_the_same_places_every_time(dense):
    ticket = f"{TABLE}:1000:{999 + len(dense.chain)}"
    with dense.connect() as client:
        cuts = [[batch.num_rows for batch in read(client, ticket).ended().batches]
                for _ in range(3)]
    assert cuts[0] == cuts[1] == cuts[2]


def test_row_above_the_limit_goes_alone(tmp_path):
    chain = ledgers.make_chain(10, [100, 100, 6 * MIB, 100, 100])
    lake = ledgers.write_lake(tmp_path / "lake", chain)
    with serve(lake) as server:
        with server.connect() as client:
            stream = read(client, f"{TABLE}:10:14").ended()
        assert stream.sequences == list(chain)
        assert [1] == [batch.num_rows for batch in stream.batches
                       if 12 in batch.column("ledger_sequence").to_pylist()]
        # The others arrive where the limit is four mebibytes, and without the wide column all do.
        with server.connect(max_message=GO_LIMIT) as client:
            assert read(client, f"{TABLE}:13:14").ended().sequences == [13, 14]
            assert read(client, '{"table":"stellar_ledger","start":10,"end":14,'
                                '"columns":["ledger_sequence"]}').ended().sequences == list(chain)


@pytest.mark.parametrize("rows,want", [(1, [1] * 6), (2, [1, 2, 2, 1]), (4, [1, 4, 1]),
                                       (1000, [1, 5])])
def test_batch_size_limits_the_rows(rows, want):
    with serve(ledgers.PUBNET_LAKE, env={"BATCH_SIZE": str(rows)}) as server, \
            server.connect() as client:
        stream = read(client, f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}").ended()
    assert [batch.num_rows for batch in stream.batches] == want


def test_long_range_of_small_ledgers_comes_in_thousands(tmp_path):
    chain = ledgers.make_chain(64, [0] * 2500)
    stream_file = tmp_path / "core.xdr"
    stream_file.write_bytes(ledgers.framed(chain))
    with serve(f"framed:{stream_file}") as server, server.connect() as client:
        stream = read(client, f"{TABLE}:0").ended()
    assert stream.sequences == list(chain)
    assert [batch.num_rows for batch in stream.batches] == [1, 1000, 1000, 499]


def test_reader_that_stops_reading_does_not_hold_up_others(dense):
    with dense.connect() as idle, dense.connect() as client:
        stalled = idle.do_get(flight.Ticket(f"{TABLE}:1000:{999 + len(dense.chain)}"))
        assert stalled.read_chunk().data.num_rows
        for _ in range(3):
            read(client, f"{TABLE}:1000:{999 + len(dense.chain)}").ended()
        stalled.cancel()


@pytest.mark.nightly
def test_ledger_of_sixty_mebibytes_is_one_row_and_one_of_seventy_is_refused(tmp_path):
    chain = ledgers.make_chain(10, [100, 60 * MIB, 100, 70 * MIB, 100])
    lake = ledgers.write_lake(tmp_path / "lake", chain)
    with serve(lake) as server, server.connect(max_message=64 * MIB) as client:
        stream = read(client, f"{TABLE}:10:14")
        assert [batch.num_rows for batch in stream.batches] == [1, 1, 1]
        assert stream.table.column("ledger_close_meta_xdr").to_pylist() == [
            chain[sequence] for sequence in (10, 11, 12)]
        assert wire_code(stream.error) == "RESOURCE_EXHAUSTED"
        assert next_ledger(stream.error) == 13
        assert "ask for columns without the raw XDR" in str(stream.error)
        small = (f'{{"table":"{TABLE}","start":10,"end":14,'
                 '"columns":["ledger_sequence","ledger_hash"]}')
        assert read(client, small).ended().sequences == list(chain)


@pytest.mark.nightly
def test_hundred_thousand_small_ledgers_are_a_hundred_batches(tmp_path):
    chain = ledgers.make_chain(64, [0] * 100_000)
    stream_file = tmp_path / "core.xdr"
    stream_file.write_bytes(ledgers.framed(chain))
    with serve(f"framed:{stream_file}") as server, \
            server.connect(max_message=GO_LIMIT) as client:
        stream = read(client, f"{TABLE}:0").ended()
    assert stream.sequences == list(chain)
    assert [batch.num_rows for batch in stream.batches] == [1] + [1000] * 99 + [999]
