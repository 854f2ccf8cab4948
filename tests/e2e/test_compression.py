"""Compressed batches: who asks gets them, and who does not know of them gets none."""

import re

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Headers, eventually, read, read_by, command, run, serve, wire_code

WHOLE = f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"
KINDS = pytest.mark.parametrize("kind", ["none", "lz4", "zstd"])


class Call:
    """A client that reads one stream, and what came of it."""

    def __init__(self, server, ticket, headers=()):
        self.headers = Headers()
        before = server.log.count(" ended ")
        with flight.connect(server.location, middleware=[self.headers]) as client:
            options = flight.FlightCallOptions(timeout=60, headers=list(headers))
            self.table = client.do_get(flight.Ticket(ticket), options).read_all()
        eventually(lambda: server.log.count(" ended ") > before)
        counted = re.findall(r"(\d+) batches of (\d+) bytes, (\d+) as sent, encoded in (\d+) ms",
                             server.log)
        self.batches, self.bytes_rows, self.bytes_sent, _ = map(int, counted[-1])


def asked_by_field(kind):
    return (f'{{"table":"{TABLE}","start":{ledgers.FIRST},"end":{ledgers.NEWEST},'
            f'"compression":"{kind}"}}')


def check(call, kind, plain):
    assert call.headers.received.get("x-compression-type") == [kind]
    assert call.headers.received["x-batch-size"] == ["1000"]
    assert call.table.equals(plain.table)
    call.table.validate(full=True)
    assert (call.batches, call.bytes_rows) == (plain.batches, plain.bytes_rows)
    if kind == "none":
        assert call.bytes_sent == plain.bytes_sent >= plain.bytes_rows
    else:
        assert call.bytes_sent < plain.bytes_sent * 3 / 4


@pytest.fixture(scope="module")
def plain(server):
    return Call(server, WHOLE)


def test_client_that_does_not_know_compression_gets_none(plain):
    check(plain, "none", plain)


@KINDS
def test_header_of_the_call_asks_for_it(server, plain, kind):
    check(Call(server, WHOLE, [(b"x-compression-type", kind.encode())]), kind, plain)


@KINDS
def test_field_of_the_request_asks_for_it(server, plain, kind):
    check(Call(server, asked_by_field(kind)), kind, plain)


def test_option_of_the_server_is_for_those_who_do_not_ask(plain):
    with serve(ledgers.PUBNET_LAKE, "--compression-level", "19",
               env={"ARROW_COMPRESSION": "zstd"}) as server:
        small = Call(server, WHOLE)
        check(small, "zstd", plain)
        check(Call(server, asked_by_field("none")), "none", plain)
        check(Call(server, WHOLE, [(b"x-compression-type", b"lz4")]), "lz4", plain)
        # The request's field is the nearer word.
        check(Call(server, asked_by_field("lz4"), [(b"x-compression-type", b"none")]), "lz4", plain)
        server.wait_for_log("ended at its end")
    with serve(ledgers.PUBNET_LAKE, env={"ARROW_COMPRESSION": "zstd"}) as server:
        assert small.bytes_sent < Call(server, WHOLE).bytes_sent


def test_endpoints_ask_for_what_their_descriptor_asked(client, plain):
    descriptor = command(asked_by_field("zstd")[:-1] + ', "endpoints": 3}')
    info = client.get_flight_info(descriptor)
    assert len(info.endpoints) == 3
    assert all(b'"compression":"zstd"' in endpoint.ticket.ticket for endpoint in info.endpoints)
    assert read_by(client, descriptor).ended().table.equals(plain.table)


@pytest.mark.parametrize("values,says", [
    ([b"gzip"], "'gzip' is not one of none, lz4, zstd"),
    ([b"ZSTD"], "'ZSTD' is not one of none, lz4, zstd"),
    ([b""], "'' is not one of none, lz4, zstd"),
    ([b"zstd,lz4"], "is not one of none, lz4, zstd"),
    ([b"lz4", b"lz4"], "twice")])
def test_header_of_no_known_kind_is_refused(client, values, says):
    options = flight.FlightCallOptions(
        timeout=60, headers=[(b"x-compression-type", value) for value in values])
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.do_get(flight.Ticket(WHOLE), options).read_all()
    assert wire_code(caught.value) == "INVALID_ARGUMENT"
    assert "header x-compression-type" in str(caught.value) and says in str(caught.value)


@KINDS
def test_get_asks_for_it(server, client, kind):
    done = run("get", WHOLE, "--server", server.location, "--compression", kind, "--format", "arrow")
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(done.stdout) as reader:
        assert reader.read_all().equals(read(client, WHOLE).ended().table)
    eventually(lambda: f'"compression":"{kind}"' in server.log)


def test_get_refuses_what_it_does_not_know(server):
    done = run("get", WHOLE, "--server", server.location, "--compression", "gzip")
    assert done.returncode == 2
    assert "compression" in done.stderr and "none, lz4, zstd" in done.stderr
