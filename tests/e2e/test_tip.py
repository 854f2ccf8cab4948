"""At the tip of a source that grows: rows come as soon as their ledger does."""

import struct
import threading

import pyarrow.flight as flight
import pytest

import ledgers
from ledgers import without
from program import TABLE, read, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
ALL = list(range(FIRST, NEWEST + 1))
ARRIVAL_SECONDS = 30  # a lake may be looked at only every few seconds


class Follower:
    """Reads a stream in a thread and tells how far it came."""

    def __init__(self, server, ticket):
        self._client = server.connect()
        self._reader = self._client.do_get(flight.Ticket(ticket),
                                           flight.FlightCallOptions(timeout=120))
        self._changed = threading.Condition()
        self.sequences = []
        self.ended = False
        self.error = None
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self):
        try:
            for chunk in self._reader:
                with self._changed:
                    self.sequences += chunk.data.column("ledger_sequence").to_pylist()
                    self._changed.notify_all()
        except Exception as error:  # judged by the test
            self.error = error
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, sequence, seconds=ARRIVAL_SECONDS):
        with self._changed:
            self._changed.wait_for(lambda: sequence in self.sequences or self.ended, seconds)
        assert sequence in self.sequences, f"{self.sequences} {self.error}"

    def wait_for_end(self, seconds=ARRIVAL_SECONDS):
        with self._changed:
            self._changed.wait_for(lambda: self.ended, seconds)
        assert self.ended, f"still open after {self.sequences}"

    def close(self):
        self._reader.cancel()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self._client.close()


@pytest.mark.parametrize("ticket,had", [(f"{TABLE}:{FIRST}", ALL[:-1]), (TABLE, [NEWEST - 1]),
                                        (f"{TABLE}:{NEWEST}", [])])
def test_open_stream_gets_each_object_that_is_added(lake, pubnet, ticket, had):
    source = lake(without(pubnet, NEWEST))
    with serve(source) as server:
        follower = Follower(server, ticket)
        if had:
            follower.wait_for(NEWEST - 1)
        assert follower.sequences == had
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        follower.wait_for(NEWEST)
        assert follower.sequences == had + [NEWEST]
        assert not follower.ended
        follower.close()


def test_bounded_range_beyond_the_tip_ends_when_its_last_ledger_came(lake, pubnet):
    source = lake(without(pubnet, NEWEST - 1, NEWEST))
    with serve(source) as server:
        follower = Follower(server, f"{TABLE}:{FIRST + 1}:{NEWEST}")
        follower.wait_for(NEWEST - 2)
        ledgers.put_object(source, {NEWEST - 1: pubnet[NEWEST - 1]})
        follower.wait_for(NEWEST - 1)
        assert not follower.ended
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        follower.wait_for_end()
        assert follower.error is None
        assert follower.sequences == ALL[1:]


def test_ledger_that_is_stepped_over_at_the_tip_is_an_error(lake, pubnet):
    source = lake(without(pubnet, NEWEST - 1, NEWEST))
    with serve(source) as server:
        follower = Follower(server, f"{TABLE}:{FIRST}")
        follower.wait_for(NEWEST - 2)
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        follower.wait_for_end()
        assert follower.sequences == ALL[:-2]
        assert isinstance(follower.error, flight.FlightInternalError), follower.error
        assert f"DATA_LOSS: ledger {NEWEST - 1}" in str(follower.error)


def test_several_followers_get_the_same(lake, pubnet):
    source = lake(without(pubnet, NEWEST))
    with serve(source) as server:
        followers = [Follower(server, f"{TABLE}:{FIRST + i}") for i in range(4)]
        for follower in followers:
            follower.wait_for(NEWEST - 1)
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        for i, follower in enumerate(followers):
            follower.wait_for(NEWEST)
            assert follower.sequences == ALL[i:]
            follower.close()


def test_growing_stream_file_gives_whole_frames_only(tmp_path, pubnet):
    stream = tmp_path / "core.xdr"
    frames = {s: struct.pack(">I", 0x80000000 | len(lcm)) + lcm for s, lcm in pubnet.items()}
    stream.write_bytes(frames[FIRST] + frames[FIRST + 1][:1000])
    with serve(f"framed:{stream}?follow=true") as server:
        follower = Follower(server, f"{TABLE}:0:{FIRST + 2}")
        follower.wait_for(FIRST)
        assert follower.sequences == [FIRST]
        with stream.open("ab") as file:
            file.write(frames[FIRST + 1][1000:])
        follower.wait_for(FIRST + 1)
        with stream.open("ab") as file:
            file.write(frames[FIRST + 2])
        follower.wait_for_end()
        assert follower.error is None
        assert follower.sequences == ALL[:3]


def test_rows_at_the_tip_do_not_wait_for_a_full_batch(client):
    # Six rows are far from a batch's limits.
    assert read(client, f"{TABLE}:0", seconds=3).sequences == ALL
