"""Requests outside the grammar, over the wire: each is INVALID_ARGUMENT, none changes anything."""

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import garbage
import ledgers
from program import TABLE, command, options, path, read, wire_code


def fault(message):
    """What a refusal says is wrong, in small letters: all before the grammar, which names every
    field."""
    return message.partition("; a request is ")[0].lower()


def shown(value):
    return repr(value)[:40]


def refusal(call):
    with pytest.raises(pa.ArrowInvalid) as caught:
        call()
    assert wire_code(caught.value) == "INVALID_ARGUMENT"
    return str(caught.value)


def test_there_are_many():
    assert len({request for request, _ in garbage.REQUESTS}) >= 150


@pytest.mark.parametrize("request_bytes,mention", garbage.REQUESTS,
                         ids=[shown(request) for request, _ in garbage.REQUESTS])
def test_request_is_refused_as_ticket_and_as_command(client, request_bytes, mention):
    stream = read(client, request_bytes, seconds=20)
    assert isinstance(stream.error, pa.ArrowInvalid), stream.error
    assert wire_code(stream.error) == "INVALID_ARGUMENT"
    assert stream.batches == []
    assert mention in fault(str(stream.error))
    descriptor = command(request_bytes)
    assert mention in fault(refusal(lambda: client.get_flight_info(descriptor, options(20))))
    assert mention in fault(refusal(lambda: client.get_schema(descriptor, options(20))))


@pytest.mark.parametrize("parts", garbage.PATHS, ids=shown)
def test_path_is_refused(client, parts):
    refusal(lambda: client.get_flight_info(path(*parts), options(20)))
    refusal(lambda: client.get_schema(path(*parts), options(20)))


def test_refusal_is_short_however_long_the_request(client):
    text = refusal(lambda: client.get_schema(command(TABLE + ":" + "9" * 100_000), options(20)))
    assert len(text) < 4000


def test_server_serves_on_after_all_that(server, client):
    for request, _ in garbage.REQUESTS:
        with pytest.raises(pa.ArrowInvalid):
            client.do_get(flight.Ticket(request), options(20)).read_all()
    assert server.alive
    stream = read(client, f"{TABLE}:{ledgers.FIRST}:{ledgers.FIRST}").ended()
    assert stream.sequences == [ledgers.FIRST]
