"""Fifty streams on one source that comes and goes: all get every row once, and what is down is spared."""

import concurrent.futures
import contextlib
import time

import pyarrow.flight as flight
import pytest

import ledgers
from flapping import Flapping
from program import TABLE, eventually, serve
from rpc_stub import RpcStub
from services import NO_FLUSH
from web_server import NGINX, WebServer

FIRST = 2
STREAMS = 50
LATENCY = 0.1
OUTAGE = 6
FAULTS = (503, 429, "refused")


class Pages(RpcStub):
    """Gives one ledger a page, so that a stream takes its time."""

    def _getLedgers(self, params):
        params["pagination"]["limit"] = 1
        return super()._getLedgers(params)


@pytest.fixture(params=["web", "rpc"])
def kind(request):
    if request.param == "web" and NGINX is None:
        pytest.skip("no nginx here (scripts/setup.sh stores)")
    return request.param


@contextlib.contextmanager
def behind(kind, chain, here):
    """The port of a source, and how it is named by way of another port."""
    if kind == "web":
        with WebServer(here / "nginx", ledgers.write_lake(here / "lake", chain)) as web:
            yield web.port, "http://127.0.0.1:{}/lake"
    else:
        with Pages(chain) as stub:
            yield stub.port, "rpc+http://127.0.0.1:{}"


def flap(kind, seconds, here):
    """The share of repetitions in what was asked, of a source that was down every other second."""
    chain = ledgers.make_chain(FIRST, [500] * (int(seconds / 2 / LATENCY) + 60))
    ticket = flight.Ticket(f"{TABLE}:{FIRST}:{max(chain)}")
    with behind(kind, chain, here) as (port, url), Flapping(port, LATENCY) as front, \
            serve(url.format(front.port), "--fetchers", "1", "--threads", "1", "--network", "pubnet",
                  *NO_FLUSH) as server, \
            server.connect() as client, concurrent.futures.ThreadPoolExecutor(STREAMS) as each:
        def all_ask():
            return front.under_way >= STREAMS * 3 / 4

        def read_all(_):
            return client.do_get(ticket).read_all().column("ledger_sequence").to_pylist()

        threads = server.threads()
        streams = [each.submit(read_all, i) for i in range(STREAMS)]
        eventually(all_ask)
        turns, begun = seconds // 2, time.monotonic()
        for turn in range(turns):
            front.down = FAULTS[turn % len(FAULTS)]
            time.sleep(1)
            front.down = None
            time.sleep(1)
        eventually(all_ask)
        up, down = (len(front.asked[is_up]) for is_up in (True, False))
        retries = sum(value for series, value in server.metrics().items()
                      if series.startswith("retries_total"))
        took = time.monotonic() - begun
        share = retries / (up + down)
        print(f"{kind}: {turns} turns, {up} requests while up, {down} while down, {retries:.0f} "
              f"repetitions ({share:.1%})")
        assert retries <= 0.2 * (up + down) + 100 + 10 * took

        # Down for longer: who asked already is refused, then there are probes alone, one at a time.
        front.refusal, front.down = 0.3, 503
        eventually(lambda: front.quiet() > 0.7)
        front.settle()
        begun = time.monotonic()
        time.sleep(OUTAGE)
        probes, took = len(front.asked[False]), time.monotonic() - begun
        assert front.most == 1 and 1 <= probes <= 1.2 * took + 1

        # Up: one probe finds it so, and lets all go on.
        front.down, begun = None, time.monotonic()
        eventually(all_ask, 10)
        print(f"{kind}: {probes} probes in {took:.1f} s, the first answer asked for after "
              f"{front.asked[True][0] - begun:.2f} s, all back after {time.monotonic() - begun:.2f} s")
        front.latency = 0
        for stream in streams:
            assert stream.result() == list(chain)
        # gRPC keeps some of those that it came to need.
        eventually(lambda: server.threads() <= threads + 8)
        return share


def test_fifty_streams_outlast_a_source_that_comes_and_goes(kind, tmp_path):
    flap(kind, 8, tmp_path)


@pytest.mark.nightly
@pytest.mark.skipif(NGINX is None, reason="no nginx here (scripts/setup.sh stores)")
def test_fifty_streams_outlast_ten_minutes_of_coming_and_going(tmp_path):
    assert flap("web", 600, tmp_path) <= 0.2
