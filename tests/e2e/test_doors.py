"""The same table by every door: PATH, CMD and ticket, with one schema from all of them."""

import json

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, command, options, path, read, read_by, serve

ALL = list(range(ledgers.FIRST, ledgers.NEWEST + 1))
FROM, TO = str(ledgers.FIRST), str(ledgers.NEWEST)
WHOLE = f"{TABLE}:{FROM}:{TO}"
JSON = json.dumps({"table": TABLE, "start": ledgers.FIRST, "end": ledgers.NEWEST})

# The original's columns: names, types and nullability that its clients rely on.
ORIGINAL = pa.schema([
    pa.field("ledger_sequence", pa.uint32(), False),
    pa.field("ledger_close_time", pa.timestamp("us", "UTC"), False),
    pa.field("ledger_hash", pa.binary(32), False),
    pa.field("previous_ledger_hash", pa.binary(32), False),
    pa.field("transaction_count", pa.uint32(), False),
    pa.field("operation_count", pa.uint32(), False),
    pa.field("successful_transaction_count", pa.uint32(), False),
    pa.field("failed_transaction_count", pa.uint32(), False),
    pa.field("protocol_version", pa.uint32(), False),
    pa.field("base_fee", pa.uint32(), False),
    pa.field("base_reserve", pa.uint32(), False),
    pa.field("max_tx_set_size", pa.uint32(), False),
    pa.field("close_time_resolution", pa.uint32(), False),
    pa.field("ledger_close_meta_xdr", pa.binary(), False),
])

DESCRIPTORS = {
    "path-one-part": path(WHOLE),
    "path-three-parts": path(TABLE, FROM, TO),
    "command": command(WHOLE),
    "command-json": command(JSON),
}


@pytest.mark.parametrize("descriptor", DESCRIPTORS.values(), ids=DESCRIPTORS.keys())
def test_descriptor_leads_to_the_range(client, descriptor):
    stream = read_by(client, descriptor).ended()
    assert stream.sequences == ALL


@pytest.mark.parametrize("ticket", [WHOLE, JSON], ids=["text", "json"])
def test_ticket_leads_to_the_range(client, ticket):
    assert read(client, ticket).ended().sequences == ALL


def test_original_columns_come_first_with_their_exact_types(client):
    schema = read(client, WHOLE).ended().schema
    first = pa.schema([schema.field(i) for i in range(len(ORIGINAL))])
    assert first.equals(ORIGINAL), f"{first}\nwanted:\n{ORIGINAL}"


def test_rows_are_the_ledgers_and_agree_with_the_published_ones(client, pubnet):
    for row in read(client, WHOLE).ended().table.to_pylist():
        sequence = row["ledger_sequence"]
        transactions, successful, operations, _, closed = ledgers.PUBLISHED[sequence]
        assert row["ledger_close_meta_xdr"] == pubnet[sequence]
        assert row["ledger_hash"] == ledgers.ledger_hash(pubnet[sequence])
        assert row["previous_ledger_hash"] == ledgers.previous_hash(pubnet[sequence])
        assert row["ledger_close_time"] == ledgers.close_time(closed)
        assert row["transaction_count"] == transactions
        assert row["successful_transaction_count"] == successful
        assert row["failed_transaction_count"] == transactions - successful
        assert row["operation_count"] == operations
        assert (row["protocol_version"], row["base_fee"], row["base_reserve"]) == (13, 100, 5000000)
        assert (row["max_tx_set_size"], row["close_time_resolution"]) == (1000, 1)


def test_every_door_tells_one_schema_in_the_same_bytes(client):
    stream = read(client, WHOLE).ended()
    assert stream.schema.metadata[b"stellar_arrow.network"] == \
        b"Public Global Stellar Network ; September 2015"
    assert stream.schema.metadata[b"stellar_arrow.table"] == TABLE.encode()
    assert set(stream.schema.metadata) == {
        b"stellar_arrow." + key for key in (b"network", b"producer", b"schema_version", b"table")}
    want = stream.schema.serialize()
    for batch in stream.batches:
        assert batch.schema.serialize() == want
    whole = path(TABLE)
    for descriptor in [*DESCRIPTORS.values(), whole, command(TABLE)]:
        assert client.get_schema(descriptor, options(30)).schema.serialize() == want
        assert client.get_flight_info(descriptor, options(30)).schema.serialize() == want
    for info in client.list_flights(options=options(30)):
        if info.descriptor.path in ([TABLE.encode()], [TABLE]):
            assert info.schema.serialize() == want
            break
    else:
        raise AssertionError("ListFlights lacks the table")


def test_a_stream_without_rows_has_the_schema_too(server, client):
    want = client.get_schema(path(TABLE), options(30)).schema
    with server.connect() as own:
        # Beyond the newest ledger of a lake, which can grow: waited for.
        reader = own.do_get(flight.Ticket(f"{TABLE}:{ledgers.NEWEST + 10}"), options(30))
        assert reader.schema.equals(want, check_metadata=True)
        reader.cancel()


def test_list_flights_gives_one_flight_a_table_that_can_be_read(client):
    infos = list(client.list_flights(options=options(30)))
    names = [b"/".join(part if isinstance(part, bytes) else part.encode()
                       for part in info.descriptor.path).decode() for info in infos]
    assert TABLE in names and len(set(names)) == len(names)
    for info in infos:
        assert client.get_flight_info(info.descriptor, options(30)).schema.equals(info.schema)


def test_one_endpoint_without_location_unless_more_is_asked(client):
    info = client.get_flight_info(command(WHOLE), options(30))
    assert len(info.endpoints) == 1
    # None at all, or the one that says to reuse the connection.
    assert all("arrow-flight-reuse-connection" in str(location.uri)
               for location in info.endpoints[0].locations)
    assert info.total_records == len(ALL)


def test_open_ranges_have_no_count(client):
    for text in (TABLE, f"{TABLE}:{FROM}", f"{TABLE}:0"):
        assert client.get_flight_info(command(text), options(30)).total_records == -1


@pytest.mark.parametrize("endpoints", [2, 3, 6])
def test_endpoints_share_the_range_in_order(client, endpoints):
    text = json.dumps({"table": TABLE, "start": ledgers.FIRST, "end": ledgers.NEWEST,
                       "endpoints": endpoints})
    info = client.get_flight_info(command(text), options(30))
    assert len(info.endpoints) == endpoints
    assert info.ordered
    parts = [read(client, endpoint.ticket).ended().sequences for endpoint in info.endpoints]
    assert sum(parts, []) == ALL
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_more_endpoints_than_ledgers_are_not_empty(client):
    text = json.dumps({"table": TABLE, "start": ledgers.FIRST, "end": ledgers.FIRST + 1,
                       "endpoints": 5})
    info = client.get_flight_info(command(text), options(30))
    parts = [read(client, endpoint.ticket).ended().sequences for endpoint in info.endpoints]
    assert sum(parts, []) == [ledgers.FIRST, ledgers.FIRST + 1]


def test_advertised_location_is_handed_out():
    uri = "grpc://ledgers.example.org:8815"
    with serve(ledgers.PUBNET_LAKE, "--advertise", uri) as server, server.connect() as client:
        info = client.get_flight_info(command(WHOLE), options(30))
        assert [location.uri.decode() for location in info.endpoints[0].locations] == [uri]


def test_columns_are_sent_in_the_order_asked_for(client):
    columns = ["transaction_count", "ledger_sequence"]
    text = json.dumps({"table": TABLE, "start": ledgers.FIRST, "end": ledgers.NEWEST,
                       "columns": columns})
    stream = read(client, text).ended()
    assert stream.schema.names == columns
    assert stream.sequences == ALL
    assert client.get_schema(command(text), options(30)).schema.equals(stream.schema)
    assert read_by(client, command(text)).ended().table.equals(stream.table)
