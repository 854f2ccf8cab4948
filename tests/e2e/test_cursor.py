"""Every batch carries a cursor that its client can go on from; docs/cursor.md is the contract."""

import hashlib
import json
import struct

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
import program
from program import TABLE, next_ledger, serve, wire_code

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
TABLES = pytest.mark.parametrize("table", [TABLE, "transactions", "operations", "ttp_events"])


def call(cursor=None, headers=()):
    headers = list(headers)
    if cursor is not None:
        text = cursor if isinstance(cursor, (str, bytes)) else json.dumps(cursor)
        headers.append((b"x-resume-cursor", text if isinstance(text, bytes) else text.encode()))
    return flight.FlightCallOptions(timeout=60, headers=headers)


def read(client, ticket, cursor=None, take=None):
    """The batches and cursors of a stream, to its end or the first `take`."""
    if isinstance(ticket, dict):
        ticket = json.dumps(ticket)
    batches, cursors = [], []
    for chunk in client.do_get(flight.Ticket(ticket), call(cursor)):
        batches.append(chunk.data)
        cursors.append(json.loads(chunk.app_metadata.to_pybytes()))
        if take is not None and len(batches) == take:
            break
    return batches, cursors


def sequences(batches):
    return [sequence for batch in batches
            for sequence in batch.column("ledger_sequence").to_pylist()]


@pytest.fixture(scope="module")
def small_batches():
    with serve(ledgers.PUBNET_LAKE, "--batch-size", "100") as running:
        yield running


@TABLES
def test_every_batch_carries_a_cursor_that_its_client_can_recompute(small_batches, pubnet, table):
    with small_batches.connect() as client:
        schema = client.get_schema(program.path(table)).schema
        batches, cursors = read(client, f"{table}:{FIRST}:{NEWEST}")
    everything = sequences(batches)
    digest, digests = bytes(32), {}
    for sequence in range(FIRST, NEWEST + 1):
        rows = everything.count(sequence)
        digest = hashlib.sha256(digest + struct.pack(">I", sequence)
                                + ledgers.ledger_hash(pubnet[sequence])
                                + struct.pack(">Q", rows)).digest()
        digests[sequence] = digest
    first = FIRST
    for number, (batch, cursor) in enumerate(zip(batches, cursors)):
        assert list(cursor) == ["v", "network", "table", "schema", "first", "last", "last_hash", "rows",
                                "digest"]
        assert cursor["v"] == 1
        assert cursor["network"] == hashlib.sha256(ledgers.PUBNET.encode()).hexdigest()
        assert cursor["table"] == table
        assert cursor["schema"] == schema.metadata[b"stellar_arrow.schema_version"].decode()
        assert cursor["first"] == first
        last = cursor["last"]
        if last is None:
            assert cursor["last_hash"] is None
            assert (cursor["rows"], cursor["digest"]) == (0, "00" * 32)
            continue
        assert cursor["last_hash"] == ledgers.ledger_hash(pubnet[last]).hex()
        assert cursor["digest"] == digests[last].hex()
        assert cursor["rows"] == sum(sequence <= last for sequence in everything)
        # A ledger counts as soon as its last row is in.
        got = sequences(batches[:number + 1])
        rest = sequences(batches[number + 1:])
        assert all(sequence <= last or sequence == last + 1 for sequence in got)
        assert all(sequence > last for sequence in rest)
        first = last + 1
    assert cursors[-1]["last"] == NEWEST and cursors[-1]["rows"] == len(everything)


@TABLES
@pytest.mark.parametrize("how", ["header", "field"])
def test_stream_goes_on_after_the_cursor_of_any_batch(small_batches, table, how):
    with small_batches.connect() as client:
        batches, cursors = read(client, f"{table}:{FIRST}:{NEWEST}")
        whole = pa.Table.from_batches(batches)
        for number, cursor in enumerate(cursors):
            if how == "header":
                more, later = read(client, f"{table}:{FIRST}:{NEWEST}", cursor)
            else:
                request = {"table": table, "start": FIRST, "end": NEWEST, "cursor": cursor}
                more, later = read(client, request)
            # What came of a ledger that is not complete comes again.
            before = pa.Table.from_batches(batches[:number + 1]).slice(0, cursor["rows"])
            assert pa.concat_tables([before, pa.Table.from_batches(more, whole.schema)]) == whole
            if later:
                end = {key: value for key, value in later[-1].items() if key != "first"}
                assert end == {key: value for key, value in cursors[-1].items() if key != "first"}
            assert bool(more) == (cursor["last"] != NEWEST)


def test_flight_info_of_a_request_with_a_cursor_has_a_ticket_that_goes_on(server, client):
    _, cursors = read(client, f"{TABLE}:{FIRST}:{FIRST + 2}")
    request = {"table": TABLE, "start": FIRST, "end": NEWEST, "cursor": cursors[-1]}
    info = client.get_flight_info(program.command(json.dumps(request).encode()))
    assert info.total_records == 3
    batches, _ = read(client, info.endpoints[0].ticket.ticket)
    assert sequences(batches) == [FIRST + 3, FIRST + 4, FIRST + 5]


def test_open_stream_waits_for_what_comes_after_its_cursor(lake, pubnet):
    source = lake(ledgers.without(pubnet, NEWEST))
    with serve(source) as server, server.connect() as client:
        _, cursors = read(client, f"{TABLE}:{FIRST}", take=2)
        assert cursors[-1]["last"] == NEWEST - 1
        reader = client.do_get(flight.Ticket(TABLE), call(cursors[-1]))
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        chunk = reader.read_chunk()
        assert chunk.data.column("ledger_sequence").to_pylist() == [NEWEST]
        assert json.loads(chunk.app_metadata.to_pybytes())["first"] == NEWEST


def test_large_ledger_counts_with_its_last_part_only(tmp_path, lake, pubnet):
    with serve(ledgers.PUBNET_LAKE, "--batch-size", "30") as server, server.connect() as client:
        _, cursors = read(client, f"operations:{FIRST}:{FIRST + 1}")
    assert [cursor["last"] for cursor in cursors] == (
        [None] * 5 + [FIRST] + [FIRST] * 7 + [FIRST + 1])
    assert [cursor["rows"] for cursor in cursors] == [0] * 5 + [175] * 8 + [175 + 223]


@pytest.fixture(scope="module")
def cursor(client):
    _, cursors = read(client, f"{TABLE}:{FIRST}:{FIRST + 2}")
    return cursors[-1]


def refused(client, ticket, cursor):
    with pytest.raises(pa.ArrowInvalid) as caught:
        read(client, ticket, cursor)
    return str(caught.value)


def test_cursor_of_another_network_table_or_history_is_refused_with_both(client, cursor):
    whole = f"{TABLE}:{FIRST}:{NEWEST}"
    other = hashlib.sha256(ledgers.TESTNET.encode()).hexdigest()
    for change, ticket, words in [
            ({"network": other}, whole, [other, cursor["network"]]),
            ({"table": "operations"}, whole, ["operations", TABLE]),
            ({"last_hash": "ab" * 32}, whole, ["ab" * 32, cursor["last_hash"]]),
            ({"last": FIRST + 1}, whole, [cursor["last_hash"], f"ledger {FIRST + 1}"]),
            ({"schema": "9.0.0"}, whole, ["9.0.0"]),
            ({}, f"{TABLE}:{FIRST + 4}:{NEWEST}", [f"ledger {FIRST + 3}", str(FIRST + 4)]),
            ({}, f"{TABLE}:{FIRST}:{FIRST + 1}", [f"ledger {FIRST + 2}", str(FIRST + 1)])]:
        message = refused(client, ticket, cursor | change)
        assert "FAILED_PRECONDITION" in message
        for word in words:
            assert word in message


def test_cursor_at_the_end_of_its_range_with_another_hash_is_refused_too(client, cursor):
    assert read(client, f"{TABLE}:{FIRST}:{FIRST + 2}", cursor) == ([], [])
    assert "FAILED_PRECONDITION" in refused(client, f"{TABLE}:{FIRST}:{FIRST + 2}",
                                            cursor | {"last_hash": "ab" * 32})


def test_malformed_cursor_is_refused_by_its_field(client, cursor):
    whole = f"{TABLE}:{FIRST}:{NEWEST}"
    for change, word in [({"v": 2}, "version"), ({"last": -1}, "last"), ({"last": "7"}, "last"),
                         ({"last": 2**32}, "last"), ({"last_hash": "7"}, "last_hash"),
                         ({"rows": None}, "rows"), ({"digest": 1}, "digest"), ({"more": 1}, "known")]:
        message = refused(client, whole, cursor | change)
        assert "INVALID_ARGUMENT" in message and word in message
    for text in ("", "7", "{}", "[]", "null", "{" * 50, json.dumps(cursor)[:-1]):
        assert "INVALID_ARGUMENT" in refused(client, whole, text)
    both = json.dumps({"table": TABLE, "start": FIRST, "cursor": cursor})
    assert "send one" in refused(client, both, cursor)


def test_cursor_is_not_guessed_where_the_source_begins_behind_it(lake, pubnet, cursor):
    """The first ledger there is links to it, or does not."""
    source = lake({key: value for key, value in pubnet.items() if key > FIRST + 2})
    with serve(source) as server, server.connect() as client:
        batches, _ = read(client, f"{TABLE}:{FIRST}:{NEWEST}", cursor)
        assert sequences(batches) == [FIRST + 3, FIRST + 4, FIRST + 5]
        assert "FAILED_PRECONDITION" in refused(client, f"{TABLE}:{FIRST}:{NEWEST}",
                                                cursor | {"last_hash": "cd" * 32})


def test_cursor_of_made_up_ledgers_is_of_their_network():
    with serve("synthetic:?count=40&transactions=3") as server, server.connect() as client:
        _, cursors = read(client, f"{TABLE}:2:41")
        assert cursors[-1]["network"] is not None
        batches, _ = read(client, f"{TABLE}:2:41", cursors[-1])
        assert batches == []


def test_stream_that_ends_early_says_the_ledger_after_its_last_cursor(lake, pubnet):
    with serve(lake(ledgers.without(pubnet, FIRST + 3))) as server, server.connect() as client:
        cursors = []
        with pytest.raises(pa.ArrowException) as caught:
            for chunk in client.do_get(flight.Ticket(f"{TABLE}:{FIRST}:{NEWEST}")):
                cursors.append(json.loads(chunk.app_metadata.to_pybytes()))
        assert wire_code(caught.value) == "DATA_LOSS"
        assert next_ledger(caught.value) == cursors[-1]["last"] + 1
        # The cursor says the same to a stream that begins there.
        with pytest.raises(pa.ArrowException) as caught:
            read(client, f"{TABLE}:{FIRST}:{NEWEST}", cursors[-1])
        assert wire_code(caught.value) == "DATA_LOSS"
