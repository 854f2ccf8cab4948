"""Answers that are too long and objects that unzip to too much: cut off where the limit is, at the cost of
the limit, and what is good is served before and after."""

import concurrent.futures
import json
import time

import pyarrow as pa
import pytest

import ledgers
from bombs import BLOCK, bomb
from odd_web import OddWeb, TooLong
from program import TABLE, eventually, read, serve, wire_code
from rpc_stub import RpcStub

MIB, GIB = 1 << 20, 1 << 30
FIRST, COUNT = 1000, 40
ODD = FIRST + 8  # the first ledger that there is something wrong with
GOOD = f"{TABLE}:{FIRST}:{ODD - 1}"


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [3_000] * COUNT)


@pytest.fixture
def web(lake, chain):
    folder = lake(chain)
    with OddWeb(folder) as web:
        web.folder = folder
        yield web


class Growth:
    """How much more memory a server needed at most than it had needed for what was good."""

    def __init__(self, server, client):
        self._server = server
        read(client, GOOD).ended()
        self._before = server.memory("VmHWM")

    def check(self, most):
        grown = self._server.memory("VmHWM") - self._before
        print(f"grown by {grown / MIB:.0f} MiB, of {most / MIB:.0f} MiB")
        assert grown <= most


def check_refused(stream, odd=ODD):
    assert wire_code(stream.error) == "RESOURCE_EXHAUSTED" and str(odd) in str(stream.error)
    assert stream.sequences == list(range(FIRST, odd))


@pytest.mark.parametrize("chunked", [False, True])
def test_an_object_above_the_limit_is_cut_there(web, chunked):
    long = TooLong(64 * MIB, chunked, bomb(BLOCK))
    web.odd[ledgers.object_path(web.folder, ODD).name] = long
    with serve(web.url, "--max-object-bytes", "64MiB") as server, server.connect() as client:
        growth = Growth(server, client)
        check_refused(read(client, f"{TABLE}:{FIRST}:{ODD + 1}"))
        eventually(lambda: long.cut > 0)
        growth.check(80 * MIB)
        read(client, GOOD).ended()


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_of_a_node_above_the_limit_is_cut_there(chain, chunked):
    limit = 64 * MIB
    with RpcStub(chain) as stub:
        long = TooLong(limit, chunked, b'{"result":{"ledgers":[{"metadataXdr":"')

        def page(call, params):
            if params["startLedger"] + params["pagination"]["limit"] > ODD:
                return long(call)
            return stub._send(call, json.dumps({"id": 1} | stub._getLedgers(params)).encode())

        stub.odd["getLedgers"] = page
        # Of JSON as much is read as holds an object in base64, and a mebibyte.
        with serve(stub.url, "--max-object-bytes", str((limit - MIB) // 4 * 3)) as server, \
                server.connect() as client:
            growth = Growth(server, client)
            check_refused(read(client, f"{TABLE}:{FIRST}:{ODD + 1}"))
            eventually(lambda: long.cut > 0)
            growth.check(80 * MIB)
            read(client, GOOD).ended()


def test_words_of_a_node_that_are_no_few_are_not_read(chain):
    with RpcStub(chain) as stub, serve(stub.url) as server:
        long = TooLong(MIB, True, b'{"result":{"status":"')
        stub.odd["getHealth"] = lambda call, _: long(call)
        eventually(lambda: "source_failed" in server.reasons())
        assert "at most 1048576 are read" in server.probe("/ready")[2]
        eventually(lambda: long.cut > 0)


# What it unzips to, what it claims, and what it may unzip to: 64 MiB, or 200 times its size.
BOMBS = {"32 KiB that are 1 GiB": (GIB, None, 64 * MIB),
         "1 MiB that is 32 GiB": (32 * GIB, None, 201 * MIB),
         "claims to be small": (GIB, 10, 64 * MIB),
         "claims 2^63": (GIB, 1 << 63, 0)}


def test_bombs_are_frames_of_zstd():
    assert pa.decompress(bomb(MIB), MIB, "zstd").to_pybytes() == bytes(MIB)
    assert len(bomb(GIB)) == 32_774 and len(bomb(32 * GIB)) == MIB + 6


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_no_more_than_it_may_unzip_to(web, name):
    size, claimed, limit = BOMBS[name]
    ledgers.object_path(web.folder, ODD).write_bytes(bomb(size, claimed))
    with serve(web.url) as server, server.connect() as client:
        growth = Growth(server, client)
        begun = time.monotonic()
        check_refused(read(client, f"{TABLE}:{FIRST}:{ODD + 1}"))
        print(f"refused after {time.monotonic() - begun:.2f} s")
        growth.check(limit + 32 * MIB)
        read(client, GOOD).ended()


def test_many_bombs_at_once_cost_no_more_than_the_limit_on_memory(web):
    limit, odd = 256 * MIB, range(ODD, ODD + 32)
    for sequence, (size, claimed, _) in zip(odd, list(BOMBS.values()) * 8):
        ledgers.object_path(web.folder, sequence).write_bytes(bomb(size, claimed))
    with serve(web.url, env={"ARROW_MAX_MEMORY": str(limit)}) as server, server.connect() as client:
        growth = Growth(server, client)

        def refusal(sequence):
            with server.connect() as own:
                begun = time.monotonic()
                error = read(own, f"{TABLE}:{sequence}:{sequence}").error
                return wire_code(error), time.monotonic() - begun

        with concurrent.futures.ThreadPoolExecutor(len(odd)) as pool:
            refusals = list(pool.map(refusal, odd))
        assert {code for code, _ in refusals} == {"RESOURCE_EXHAUSTED"}
        print(f"refused after {max(seconds for _, seconds in refusals):.2f} s at most")
        # 2 MiB a stream are outside of the limit (docs/limits.md).
        growth.check(limit + 32 * MIB + len(odd) * 2 * MIB)
        read(client, GOOD).ended()
