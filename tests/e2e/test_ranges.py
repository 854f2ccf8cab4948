"""What a request's range means, on sources that can grow and on those that cannot."""

import random

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from ledgers import without
from program import TABLE, read, serve, wire_code

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
ALL = list(range(FIRST, NEWEST + 1))

TIP_SECONDS = 3  # an open stream is given up after this time


@pytest.fixture(scope="module", params=["files", "framed"])
def fixed(request, tmp_path_factory, pubnet):
    """A server whose source cannot grow."""
    folder = tmp_path_factory.mktemp("fixed")
    if request.param == "files":
        source = f"file:{ledgers.write_files(folder / 'ledgers', pubnet)}"
    else:
        (folder / "core.xdr").write_bytes(ledgers.framed(pubnet))
        source = f"framed:{folder / 'core.xdr'}"
    with serve(source) as running, running.connect() as client:
        yield client


@pytest.mark.parametrize("first,last", [(FIRST, NEWEST), (FIRST, FIRST), (FIRST + 2, FIRST + 3),
                                        (NEWEST, NEWEST), (FIRST + 1, NEWEST)])
def test_both_ends_are_included_and_the_range_ends_by_itself(client, first, last):
    stream = read(client, f"{TABLE}:{first}:{last}").ended()
    assert stream.sequences == list(range(first, last + 1))


def test_start_zero_is_the_first_ledger(client):
    assert read(client, f"{TABLE}:0:{FIRST + 1}").ended().sequences == [FIRST, FIRST + 1]


@pytest.mark.parametrize("ticket,want", [
    (TABLE, [NEWEST]), (f"{TABLE}:0", ALL), (f"{TABLE}:0:", ALL), (f"{TABLE}:0:0", ALL),
    (f"{TABLE}:{FIRST + 3}", ALL[3:]), (f"{TABLE}:{FIRST + 3}:", ALL[3:]),
    (f"{TABLE}:{FIRST + 3}:0", ALL[3:]),
    ('{"table":"stellar_ledger"}', [NEWEST]),
    ('{"table":"stellar_ledger","start":30822019}', [NEWEST - 1, NEWEST])])
def test_open_range_of_a_lake_hands_out_what_there_is_and_waits(client, ticket, want):
    stream = read(client, ticket, seconds=TIP_SECONDS)
    assert isinstance(stream.error, flight.FlightTimedOutError), stream.error
    assert stream.sequences == want


@pytest.mark.parametrize("ticket,want", [
    (TABLE, [NEWEST]), (f"{TABLE}:0", ALL), (f"{TABLE}:{FIRST + 3}", ALL[3:])])
def test_open_range_of_a_source_that_cannot_grow_ends(fixed, ticket, want):
    assert read(fixed, ticket).ended().sequences == want


@pytest.mark.parametrize("ticket", [f"{TABLE}:{FIRST}:{NEWEST + 1}", f"{TABLE}:{NEWEST + 1}",
                                    f"{TABLE}:{NEWEST + 5}:{NEWEST + 9}"])
def test_range_that_a_fixed_source_lacks_is_refused_at_once_with_what_it_has(fixed, ticket):
    stream = read(fixed, ticket, seconds=20)
    assert isinstance(stream.error, pa.ArrowInvalid), stream.error
    assert wire_code(stream.error) == "OUT_OF_RANGE"
    assert stream.batches == []
    assert str(FIRST) in str(stream.error) and str(NEWEST) in str(stream.error)


@pytest.mark.parametrize("ticket", [f"{TABLE}:{FIRST - 1}", f"{TABLE}:1:{NEWEST}",
                                    f"{TABLE}:1:{FIRST - 1}"])
def test_start_before_the_first_ledger_is_refused_even_where_it_grows(client, fixed, ticket):
    for connected in (client, fixed):
        stream = read(connected, ticket, seconds=20)
        assert isinstance(stream.error, pa.ArrowInvalid), stream.error
        assert wire_code(stream.error) == "OUT_OF_RANGE"
        assert stream.batches == []
        assert str(FIRST) in str(stream.error)


def test_lake_without_partition_folders_is_read(pubnet):
    with serve(ledgers.TESTNET_LAKE) as server, server.connect() as client:
        assert read(client, f"{TABLE}:997:999").ended().sequences == [997, 998, 999]


@pytest.mark.parametrize("per_file,flat", [(1, False), (4, False), (4, True), (64, False)])
def test_lakes_of_any_layout_give_the_same_rows(lake, per_file, flat):
    chain = ledgers.make_chain(128, [300] * 128)
    source = lake(chain, passphrase=ledgers.TESTNET, per_file=per_file, flat=flat)
    with serve(source) as server, server.connect() as client:
        # The range begins and ends inside objects.
        table = read(client, f"{TABLE}:130:250").ended().table
    assert table.column("ledger_sequence").to_pylist() == list(range(130, 251))
    assert table.column("ledger_close_meta_xdr").to_pylist() == [chain[s] for s in range(130, 251)]


def check_ranges(lake, rounds, seed):
    """Begins and ends at any place of objects of 1, 2, 10 and 64 ledgers, and outside of them."""
    print(f"seed {seed}")
    dice = random.Random(seed)
    first, newest = 640, 959
    chain = ledgers.make_chain(first, [0] * (newest - first + 1))
    for per_file in (1, 2, 10, 64):
        source = lake(chain, name=f"lake-{per_file}", per_file=per_file)
        with serve(source, "--threads", "2") as server, server.connect() as client:
            for _ in range(rounds):
                start, end = dice.randint(first - 3, newest), dice.randint(first - 3, newest)
                if dice.random() < 0.5:
                    end = min(start + dice.randrange(2 * per_file + 1), newest)
                stream = read(client, f"{TABLE}:{start}:{end}")
                if start > end:
                    assert wire_code(stream.error) == "INVALID_ARGUMENT", (start, end)
                elif start < first:
                    assert wire_code(stream.error) == "OUT_OF_RANGE", (start, end)
                else:
                    assert stream.ended().sequences == list(range(start, end + 1)), (start, end)
                assert not (stream.error and stream.batches)


def test_ranges_of_any_begin_and_end_give_exactly_their_ledgers(lake):
    check_ranges(lake, 50, seed=1)


@pytest.mark.nightly
def test_ten_thousand_ranges_give_exactly_their_ledgers(lake):
    check_ranges(lake, 2500, seed=random.randrange(1 << 32))


def test_missing_ledger_outside_the_range_does_not_matter(lake, pubnet):
    with serve(lake(without(pubnet, FIRST + 1))) as server, server.connect() as client:
        assert read(client, f"{TABLE}:{FIRST + 2}:{NEWEST}").ended().sequences == ALL[2:]
