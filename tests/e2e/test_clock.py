"""The machine's clock is set an hour back or a day ahead: nobody waits longer or shorter for it."""

import calendar
import mmap
import re
import struct
import time

import pyarrow.flight as flight
import pytest

import ledgers
import preloaded
from ledgers import without
from program import TABLE, Server, eventually, next_ledger, serve
from test_tip import Follower

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
JUMPS = pytest.mark.parametrize("jump", [-3600, 86400], ids=["an-hour-back", "a-day-ahead"])

pytestmark = pytest.mark.skipif(preloaded.COMPILER is None, reason="no C compiler here")

# Adds the seconds that the file $CLOCK_FILE holds to the clock that people set.
SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long Offset(void) {
  static volatile long *offset;
  if (offset == NULL) {
    const int file = open(getenv("CLOCK_FILE"), O_RDONLY | O_CLOEXEC);
    offset = mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
    close(file);
  }
  return *offset;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    now->tv_sec += Offset();
  }
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (now != NULL) *now = time.tv_sec;
  return time.tv_sec;
}
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return preloaded.build(tmp_path_factory.mktemp("shim"), "clock", SHIM)


class Clock:
    """The clock of a server, which can be set."""

    def __init__(self, shim, path):
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(shim), "CLOCK_FILE": str(path)}

    def jump(self, seconds):
        self._offset[:] = struct.pack("q", seconds)

    def check(self, server, jump):
        """The last line of the log is of the time that the server's clock shows."""
        shown = re.findall(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", server.log, re.M)[-1]
        shown = calendar.timegm(time.strptime(shown, "%Y-%m-%dT%H:%M:%S"))
        assert abs(shown - time.time() - jump) < 600


@pytest.fixture
def clock(shim, tmp_path):
    return Clock(shim, tmp_path / "clock")


@JUMPS
def test_tip_is_seen_as_soon_as_ever(lake, pubnet, clock, jump):
    source = lake(without(pubnet, NEWEST - 1, NEWEST))
    with serve(source, env=clock.environment) as server:
        follower = Follower(server, f"{TABLE}:{FIRST}")
        follower.wait_for(NEWEST - 2)
        clock.jump(jump)
        ledgers.put_object(source, {NEWEST - 1: pubnet[NEWEST - 1]})
        follower.wait_for(NEWEST - 1)
        clock.jump(0)
        ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
        follower.wait_for(NEWEST)
        assert not follower.ended
        follower.close()


@JUMPS
def test_ledgers_that_are_due_come_at_their_pace(clock, jump):
    with serve("synthetic:?transactions=1&pace=50ms", env=clock.environment) as server, \
            server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:2"), flight.FlightCallOptions(timeout=60))
        sequences = []

        def take(count):
            started, until = time.monotonic(), len(sequences) + count
            while len(sequences) < until:
                sequences.extend(reader.read_chunk().data.column("ledger_sequence").to_pylist())
            return time.monotonic() - started

        take(5)
        clock.jump(jump)
        assert take(40) > 0.5  # they would be there at once, were they due by that clock
        assert sequences == list(range(2, 2 + len(sequences)))
        reader.cancel()


@JUMPS
def test_server_ends_neither_later_nor_sooner(tmp_path, clock, jump):
    chain = ledgers.make_chain(1000, [900_000] * 60)
    lake = ledgers.write_lake(tmp_path / "lake", chain)
    server = Server(lake, env=clock.environment | {"DRAIN_TIMEOUT": "8s"})
    with server.connect() as reads_on, server.connect() as stalled:
        streams = [each.do_get(flight.Ticket(f"{TABLE}:1000:1059")) for each in (reads_on, stalled)]
        sequences = [stream.read_chunk().data.column("ledger_sequence").to_pylist()
                     for stream in streams][0]
        time.sleep(1)
        started = time.monotonic()
        server.send(15)
        eventually(lambda: "stopping on signal 15" in server.log)
        clock.jump(jump)
        time.sleep(1)
        # Whoever reads on within the time is told where to go on from.
        with pytest.raises(flight.FlightUnavailableError) as caught:
            while True:
                sequences += streams[0].read_chunk().data.column("ledger_sequence").to_pylist()
        assert next_ledger(caught.value) == sequences[-1] + 1
        # And whoever does not is cut, when it is time.
        assert server.wait() == 0
        assert time.monotonic() - started > 5
    clock.check(server, jump)
