"""The server is killed while it streams; its client goes on with the next one where it stopped."""

import random
import threading
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Server

FIRST, COUNT = 5000, 1000
COLUMNS = ["ledger_sequence", "ledger_hash", "previous_ledger_hash", "ledger_close_meta_xdr"]


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [60_000] * COUNT)


@pytest.fixture(scope="module")
def lake(tmp_path_factory, chain):
    return ledgers.write_lake(tmp_path_factory.mktemp("crash") / "lake", chain, per_file=4)


def read_until_killed(server, after, rows):
    """Appends what arrives from ledger `after` on; returns when the stream ends, however it does.
    An open range, so that no end of the stream is a good one."""
    try:
        with server.connect() as client:
            for chunk in client.do_get(flight.Ticket(f"{TABLE}:{after}")):
                rows += chunk.data.select(COLUMNS).to_pylist()
    except (pa.ArrowException, OSError):
        pass


def kill_and_go_on(lake, chain, rounds, seed):
    """Kills servers at random moments of their streams. Returns how many were in the middle."""
    dice = random.Random(seed)
    hashes = {sequence: ledgers.ledger_hash(lcm) for sequence, lcm in chain.items()}
    wanted = list(chain)
    rows, interrupted = [], 0
    for _ in range(rounds):
        if len(rows) == COUNT:
            rows = []
        before = len(rows)
        started = time.monotonic()
        server = Server(lake, "--threads", "2")
        assert time.monotonic() - started < 10
        reader = threading.Thread(target=read_until_killed,
                                  args=(server, FIRST + before, rows))
        reader.start()
        # At some time, or at some row: how many of the times are in the middle depends on the machine.
        until = started + 10
        row = dice.randrange(before, COUNT)
        if dice.random() < 0.5:
            until, row = time.monotonic() + dice.uniform(0.005, 0.5), COUNT
        while len(rows) <= row and time.monotonic() < until and reader.is_alive():
            time.sleep(0.001)
        server.kill()
        reader.join(30)
        assert not reader.is_alive()
        # Nothing lost, nothing twice, in order, linked over all kills.
        assert [row["ledger_sequence"] for row in rows] == wanted[:len(rows)]
        for row in rows[before:]:
            sequence = row["ledger_sequence"]
            assert row["ledger_hash"] == hashes[sequence]
            assert row["ledger_close_meta_xdr"] == chain[sequence]
        for one, next_one in zip(rows, rows[1:]):
            assert next_one["previous_ledger_hash"] == one["ledger_hash"]
        interrupted += before < len(rows) < COUNT
    return interrupted


def test_client_goes_on_over_fifty_kills_of_the_server(lake, chain):
    assert kill_and_go_on(lake, chain, 50, seed=20) >= 10


@pytest.mark.nightly
def test_client_goes_on_over_two_thousand_kills_of_the_server(lake, chain):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    assert kill_and_go_on(lake, chain, 2000, seed) >= 400
