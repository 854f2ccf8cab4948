"""What the server lets in: so many streams, requests of so many bytes, calls that have an answer."""

import contextlib

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, eventually, options, path, read, serve, wire_code

OPEN = f"{TABLE}:{ledgers.FIRST}"
ONE = f"{TABLE}:{ledgers.FIRST}:{ledgers.FIRST}"


@contextlib.contextmanager
def waiting_streams(server, count):
    """Streams that have the rows there are and wait for more."""
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(server.connect()) for _ in range(count)]
        streams = [each.do_get(flight.Ticket(OPEN)) for each in clients]
        for stream in streams:
            assert stream.read_chunk().data.num_rows
        yield streams


@pytest.mark.parametrize("option,name", [("MAX_CONNECTIONS", "max-streams"),
                                         ("MAX_CONNECTIONS_PER_PEER", "max-streams-per-peer")])
def test_one_stream_more_than_the_limit_is_refused_with_its_name(option, name):
    with serve(ledgers.PUBNET_LAKE, env={option: "3"}) as server, server.connect() as client:
        with waiting_streams(server, 3) as streams:
            error = read(client, ONE).error
            assert isinstance(error, flight.FlightUnavailableError), error
            assert wire_code(error) == "RESOURCE_EXHAUSTED"
            assert option in str(error) and name in str(error) and "3 streams" in str(error)
            # All but streams is answered as ever.
            client.get_flight_info(flight.FlightDescriptor.for_command(ONE), options(30))
            assert list(client.list_flights(options=options(30)))
            streams[0].cancel()
            eventually(lambda: read(client, ONE).error is None)
        eventually(lambda: read(client, ONE).error is None)


def test_streams_that_never_began_take_no_place():
    with serve(ledgers.PUBNET_LAKE, env={"MAX_CONNECTIONS": "2"}) as server, \
            server.connect() as client:
        for ticket in (f"{TABLE}:1:2", "nothing", f"{TABLE}:x"):
            for _ in range(5):
                assert wire_code(read(client, ticket).error) in ("OUT_OF_RANGE", "INVALID_ARGUMENT")
        for _ in range(20):
            assert read(client, ONE).ended().sequences == [ledgers.FIRST]


def test_requests_are_read_up_to_four_kibibytes(client):
    padded = f"{TABLE}:" + "0" * (4096 - len(ONE)) + ONE.removeprefix(f"{TABLE}:")
    assert len(padded) == 4096
    assert read(client, padded).ended().sequences == [ledgers.FIRST]
    error = read(client, padded.replace(":", ":0", 1)).error
    assert wire_code(error) == "INVALID_ARGUMENT"
    assert "4097 bytes; at most 4096" in str(error)
    with pytest.raises(pa.ArrowInvalid, match="bytes; at most 4096"):
        client.get_schema(path(TABLE, "0" * 4096), options(30))


def test_unknown_actions_are_refused_and_bodies_bounded(client):
    with pytest.raises(pa.ArrowInvalid, match="INVALID_ARGUMENT: unknown action 'clear'"):
        list(client.do_action(("clear", b"x" * 4096), options(30)))
    with pytest.raises(pa.ArrowInvalid, match="INVALID_ARGUMENT: the body has 4097 bytes; at most"):
        list(client.do_action(("clear", b"x" * 4097), options(30)))


def test_calls_without_an_answer_say_so(client):
    descriptor = path(TABLE)
    schema = pa.schema([pa.field("a", pa.int64())])

    def put():
        writer, _ = client.do_put(descriptor, schema, options(30))
        writer.close()

    def exchange():
        writer, reader = client.do_exchange(descriptor, options(30))
        with writer:
            writer.begin(schema)
            writer.done_writing()
            reader.read_all()

    for call in (put, exchange):
        with pytest.raises(NotImplementedError, match="UNIMPLEMENTED: Do[EP].* has no answer"):
            call()


@pytest.mark.nightly
def test_ticket_of_a_gibibyte_does_not_end_the_server():
    """gRPC reads it whole before the server sees it (docs/limits.md)."""
    with serve(ledgers.PUBNET_LAKE) as server, server.connect() as client:
        error = read(client, b"x" * (1 << 30)).error
        assert "bytes; at most 4096" in str(error)
        assert read(client, ONE).ended().sequences == [ledgers.FIRST]
        print(f"most memory: {server.memory('VmHWM') >> 20} MiB")
