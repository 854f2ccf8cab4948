"""The limit on memory: held whatever clients want, told of, and given back."""

import concurrent.futures
import contextlib
import re
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Stream, eventually, next_ledger, options, read, serve, wire_code

MIB = 1 << 20
FIRST = 1024
# The server looks at its memory so often, and says what it sees.
WATCHED = {"LOG_LEVEL": "debug", "ARROW_POOL_MONITOR_INTERVAL": "200ms"}


@pytest.fixture(scope="module")
def big_objects(tmp_path_factory):
    """A lake of six objects that unzip to 40 MB each, and are small on disk."""
    chain = ledgers.make_chain(FIRST, [630_000] * 384, noise_bytes=20_000)
    return ledgers.write_lake(tmp_path_factory.mktemp("memory") / "lake", chain, per_file=64)


def used(server):
    """Bytes in use, streams and most bytes so far, as the log said last."""
    found = re.findall(r"memory: (\d+) of \d+ bytes are used by (\d+) streams; (\d+) was the most",
                       server.log)
    return tuple(map(int, found[-1])) if found else (0, 0, 0)


def settled(server, streams):
    """Bytes in use once they no longer change."""
    eventually(lambda: used(server)[1] == streams)
    before, now = 0, used(server)[0]
    while now != before:
        time.sleep(0.6)
        before, now = now, used(server)[0]
    return now


def all_given_back(server):
    eventually(lambda: used(server)[:2] == (0, 0), 20)


def check_resident(server, limit):
    """gRPC's buffers and the program itself are outside the limit."""
    most = server.memory("VmHWM")
    print(f"most resident: {most / MIB:.0f} MiB under a limit of {limit / MIB:.0f}")
    assert most <= 1.15 * limit + 150 * MIB


def read_on(reader, stream):
    """Reads what is left of a stream that others have begun to read."""
    try:
        for chunk in reader:
            stream.batches.append(chunk.data)
    except pa.ArrowException as error:
        stream.error = error


class SlowReader:
    """Reads one batch, and no more until it is told to."""

    def __init__(self, server, first, last):
        self._client = server.connect()
        self.stream = Stream()
        try:
            self._reader = self._client.do_get(flight.Ticket(f"{TABLE}:{first}:{last}"))
            self.stream.schema = self._reader.schema
            self.stream.batches.append(self._reader.read_chunk().data)
        except pa.ArrowException as error:
            self.stream.error = error

    def read_on(self):
        read_on(self._reader, self.stream)
        return self.stream

    def leave(self):
        self._reader.cancel()
        self._client.close()


def read_with_patience(server, first, last):
    """Reads from ledger `first` to `last`, going on where it is told to. Returns the numbers of the
    ledgers that came, and the errors on the way."""
    sequences, errors = [], []
    with server.connect() as client:
        following = first
        while following <= last:
            stream = read(client, f"{TABLE}:{following}:{last}")
            if stream.batches:
                sequences += stream.sequences
                following = sequences[-1] + 1
            if stream.error is not None:
                assert wire_code(stream.error) == "RESOURCE_EXHAUSTED", stream.error
                if b"next" in stream.error.extra_info:
                    assert next_ledger(stream.error) == following
                errors.append(str(stream.error))
                time.sleep(0.3)
    return sequences, errors


def check_limit_holds(lake, limit, clients):
    """A limit without effect, as the original's is, would let them have what they want."""
    last = FIRST + 383
    env = WATCHED | {"ARROW_MAX_MEMORY": str(limit)}
    with serve(lake, "--threads", "2", env=env) as server, \
            concurrent.futures.ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(lambda _: read_with_patience(server, FIRST, last),
                                range(clients)))
        assert all(sequences == list(range(FIRST, last + 1)) for sequences, _ in results)
        errors = [error for _, failed in results for error in failed]
        assert errors, "the demand was no more than the limit"
        assert all("ARROW_MAX_MEMORY" in error and "try again" in error for error in errors)
        check_resident(server, limit)
        all_given_back(server)
        assert 0.8 * limit < used(server)[2] <= limit


def test_ten_times_the_limit_is_served_within_it(big_objects):
    """Each of 16 clients could make use of 160 MB."""
    check_limit_holds(big_objects, 256 * MIB, 16)


@pytest.mark.nightly
def test_ten_times_a_gibibyte_is_served_within_it(big_objects):
    check_limit_holds(big_objects, 1024 * MIB, 64)


def test_slow_readers_stop_reading_ahead_then_keep_new_streams_out(lake):
    """At 85 % and 95 %. What was reported as old stays in the account, as long as it is there."""
    limit = 512 * MIB
    chain = ledgers.make_chain(FIRST, [50_000] * 200 + [500_000] * 200, noise_bytes=20_000)
    big, last = FIRST + 200, FIRST + 399
    env = WATCHED | {"ARROW_MAX_MEMORY": str(limit)}
    with serve(lake(chain), "--threads", "4", "--batch-bytes", "128KiB", env=env) as server, \
            contextlib.ExitStack() as stack:
        readers = []
        held = [0]  # bytes, by the number of streams

        def open_reader(first):
            reader = SlowReader(server, first, last)
            if reader.stream.error is None:
                stack.callback(reader.leave)
                readers.append(reader)
            return reader.stream.error

        while held[-1] < 0.85 * limit:
            assert open_reader(big) is None
            held.append(settled(server, len(readers)))
        assert open_reader(big) is None
        held.append(settled(server, len(readers)))
        print("held, MiB:", [bytes // MIB for bytes in held])
        # Readers of the same, one with room and one without.
        assert held[-1] - held[-2] < 0.6 * (held[2] - held[1])

        # What is held for long is told with its owner, and is held all the same.
        server.wait_for_log(rf"memory: stream {TABLE}:{big}:{last} to ipv4:127.0.0.1:\d+ has held "
                            r"\d+ bytes \(columns\) for more than 2 s")
        time.sleep(1)
        assert used(server)[0] == held[-1]

        # Small ledgers need little, so that the readers fill up what is left in small steps. At 95 %
        # nobody new comes in, and is told why and what to do.
        error = None
        while error is None:
            error = open_reader(FIRST)
        assert isinstance(error, flight.FlightUnavailableError), error
        assert wire_code(error) == "RESOURCE_EXHAUSTED"
        assert "ARROW_MAX_MEMORY" in str(error) and "try again" in str(error)
        streams, in_use = map(int, re.search(r"(\d+) streams use (\d+) bytes", str(error)).groups())
        assert streams == len(readers) and in_use >= 0.95 * limit

        # They go on: whoever is not ended to make room comes to the end.
        with concurrent.futures.ThreadPoolExecutor(len(readers)) as pool:
            for stream in pool.map(SlowReader.read_on, readers):
                came = stream.sequences
                assert came == list(range(came[0], came[-1] + 1))
                if stream.error is None:
                    assert came[-1] == last
                else:
                    assert wire_code(stream.error) == "RESOURCE_EXHAUSTED", stream.error
                    assert next_ledger(stream.error) == came[-1] + 1
        assert readers[0].stream.error is None, "the oldest one ends for nobody"
        all_given_back(server)
        assert read_with_patience(server, FIRST, last) == (list(chain), [])
        check_resident(server, limit)


def test_newest_stream_ends_where_an_older_one_needs_its_memory(lake):
    """At 98 %. There is room for a reader at the big ledger and one that waits, not for three more."""
    chain = ledgers.make_chain(FIRST, [200_000] * 100 + [24_000_000] + [1000] * 3,
                               noise_bytes=20_000)
    source, last = lake(chain), max(chain)
    with serve(source, "--threads", "1", env=WATCHED) as server:
        reader = SlowReader(server, FIRST, last)
        waiting = settled(server, 1)
        reader.read_on().ended()
        all_given_back(server)
        limit = used(server)[2] + waiting
    env = WATCHED | {"ARROW_MAX_MEMORY": str(limit)}
    with serve(source, "--threads", "1", env=env) as server, contextlib.ExitStack() as stack:
        readers = [SlowReader(server, FIRST, last) for _ in range(4)]
        for reader in readers:
            stack.callback(reader.leave)
        settled(server, 4)
        oldest, newest = readers[0], readers[-1]
        oldest.read_on()
        if oldest.stream.error is not None:  # it was at the limit before the newest one had ended
            assert "this was the newest" not in str(oldest.stream.error)
        error = newest.read_on().error
        assert isinstance(error, flight.FlightUnavailableError), error
        assert wire_code(error) == "RESOURCE_EXHAUSTED"
        assert "98 % of the memory limit" in str(error) and "this was the newest" in str(error)
        assert "ARROW_MAX_MEMORY" in str(error) and "try again" in str(error)
        for reader in readers[1:-1]:
            reader.read_on()
        # There is room for one after the other, from where each was told to go on.
        for stream in (reader.stream for reader in readers):
            following = stream.sequences[-1] + 1
            if stream.error is not None:
                assert wire_code(stream.error) == "RESOURCE_EXHAUSTED", stream.error
                assert next_ledger(stream.error) == following
            rest, errors = read_with_patience(server, following, last)
            assert stream.sequences + rest == list(chain)
            assert not errors
        all_given_back(server)
        check_resident(server, limit)


def test_object_that_needs_more_than_the_limit_ends_its_stream_and_nothing_else(big_objects):
    with serve(big_objects, env={"ARROW_MAX_MEMORY": "24MiB"}) as server, \
            server.connect() as client:
        for _ in range(3):
            error = read(client, f"{TABLE}:{FIRST}:{FIRST + 5}").error
            assert wire_code(error) == "RESOURCE_EXHAUSTED"
            assert "ARROW_MAX_MEMORY" in str(error) and "raise the limit" in str(error)
            assert next_ledger(error) == FIRST
    assert "bad_alloc" not in server.log


def test_all_is_given_back_after_a_thousand_streams(lake):
    """However they end: at their end, by an error, by their clients, before their first batch."""
    chain = ledgers.make_chain(FIRST, [100_000] * 384, noise_bytes=20_000)
    requests = [f"{TABLE}:{FIRST}:{FIRST + 2}", f"{TABLE}:{FIRST}", f"{TABLE}:1:2",
                f"{TABLE}:{FIRST + 1}"]

    def visit(number):
        with server.connect() as client:
            try:
                reader = client.do_get(flight.Ticket(requests[number % 4]), options(60))
                if number % 3:
                    reader.read_chunk()
                if number % 4 == 0:
                    reader.read_all()
                reader.cancel()
            except (pa.ArrowException, StopIteration):
                pass

    with serve(lake(chain, per_file=64), "--threads", "2", env=WATCHED) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(visit, range(1000)))
        assert used(server)[2] > MIB
        all_given_back(server)
