"""Nodes behind one address, and sources that stand in for each other, of which one is 50 ledgers behind:
the newest ledger that was ever seen is the head, its age the lag, and no stream goes back."""

import json
import time

import pyarrow.flight as flight

import ledgers
from cutting_proxy import CuttingProxy
from program import TABLE, eventually, serve
from rpc_stub import RpcStub

APART = 50
LIMIT = ("--ready-max-lag", "400s")


def make_recent(count, age):
    """Ledgers of which the newest closed `age` s ago: close times are 1,600,000,000 and 5 s a ledger."""
    newest = (int(time.time()) - age - 1_600_000_000) // 5
    return ledgers.make_chain(newest - count + 1, [0] * count)


def closed(sequence):
    return 1_600_000_000 + 5 * sequence


class Watched:
    """What a server says of its head and its lag, at every look."""

    def __init__(self, server):
        self._server = server
        self.head = 0

    def look(self):
        """The reasons not to be ready. The head never goes back, and the lag is its own age."""
        begun = time.time()
        state = json.loads(self._server.probe("/ready")[2])
        ended = time.time()
        assert state["head_ledger"] >= self.head
        self.head = state["head_ledger"]
        lag = state["head_lag_seconds"]
        assert begun - 1 <= closed(self.head) + lag <= ended + 1
        metrics = self._server.metrics()
        assert metrics["head_ledger"] >= self.head
        assert metrics["head_lag_seconds"] <= lag + time.time() - begun
        return [reason["reason"] for reason in state["reasons"]]


def read_to(reader, rows, last):
    while not rows or rows[-1] < last:
        rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
    assert rows == list(range(rows[0], rows[-1] + 1))


def test_the_lag_does_not_jump_with_the_node_that_answers():
    chain = make_recent(120, age=300)
    first, newest = min(chain), max(chain)
    early = {sequence: chain[sequence] for sequence in chain if sequence < newest}
    with RpcStub(early) as stub, serve(stub.url, *LIMIT) as server, server.connect() as client:
        stub.lag = APART  # of the node behind it is 550 s
        watched = Watched(server)
        reader = client.do_get(flight.Ticket(f"{TABLE}:{first}"))
        rows = []
        read_to(reader, rows, newest - 1)
        asked = stub.requests.count("getHealth")
        while stub.requests.count("getHealth") < asked + 6:
            assert watched.look() == []
            time.sleep(0.1)
        stub.grow({newest: chain[newest]})
        read_to(reader, rows, newest)
        eventually(lambda: watched.look() == [] and watched.head == newest)
        reader.cancel()


def test_a_number_that_is_too_high_is_forgotten():
    """As a node of another network says it that was behind the address for a moment."""
    chain = make_recent(60, age=0)
    newest = max(chain)
    early = {sequence: chain[sequence] for sequence in chain if sequence < newest}
    with RpcStub(early) as stub, serve(stub.url, *LIMIT) as server:
        watched = Watched(server)

        def too_high(call, params):
            del stub.odd["getHealth"]
            said = stub._getHealth(params)
            said["result"]["latestLedger"] += 60_000_000
            return stub._send(call, json.dumps({"id": 1} | said).encode())

        stub.odd["getHealth"] = too_high
        eventually(lambda: watched.look() == [] and not stub.odd)
        stub.grow({newest: chain[newest]})
        eventually(lambda: watched.look() == [] and watched.head == newest)


def test_a_lag_over_the_limit_is_not_ready_whichever_node_answers():
    chain = make_recent(200, age=0)
    old = {sequence: chain[sequence] for sequence in list(chain)[:100]}  # the newest of 500 s
    with RpcStub(old) as stub, serve(stub.url, *LIMIT) as server:
        stub.lag = APART
        watched = Watched(server)
        asked = stub.requests.count("getHealth")
        while stub.requests.count("getHealth") < asked + 4:
            assert watched.look() == ["behind"]
            time.sleep(0.1)
        stub.grow(chain)
        eventually(lambda: watched.look() == [])
        # The node that is behind has to itself what it has: nothing that others have not seen.
        stub.content = old
        asked = stub.requests.count("getHealth")
        while stub.requests.count("getHealth") < asked + 4:
            assert watched.look() == []
            time.sleep(0.1)
        assert watched.head == max(chain)


def test_a_source_that_is_behind_stands_in_and_nothing_goes_back():
    chain = make_recent(200, age=300)
    first, newest = min(chain), max(chain)
    behind = {sequence: chain[sequence] for sequence in chain if sequence <= newest - APART}
    with RpcStub(chain) as ahead, RpcStub(behind) as spare, CuttingProxy(ahead.port) as proxy, \
            serve(f"rpc+http://127.0.0.1:{proxy.port}\n{spare.url}", "--max-attempts", "1",
                  *LIMIT) as server, server.connect() as client:
        watched = Watched(server)
        reader = client.do_get(flight.Ticket(f"{TABLE}:{first}"))
        rows = []
        read_to(reader, rows, newest)
        assert watched.look() == []
        proxy.go_down()
        eventually(lambda: server.metrics()[
            f'breaker_state{{source="rpc+http://127.0.0.1:{proxy.port}"}}'] > 0)
        asked = spare.requests.count("getHealth")
        while spare.requests.count("getHealth") < asked + 3:
            assert watched.look() == []
            time.sleep(0.1)
        assert watched.head == newest
        # It catches up, and is ahead.
        more = ledgers.make_chain(first, [0] * 210)
        for last in (newest - 10, newest, newest + 5, newest + 10):
            spare.grow({sequence: more[sequence] for sequence in more if sequence <= last})
        read_to(reader, rows, newest + 10)
        assert rows == list(range(first, newest + 11))
        eventually(lambda: watched.look() == [] and watched.head == newest + 10)
        reader.cancel()
