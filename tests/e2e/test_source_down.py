"""The source goes away while the server runs, and comes back."""

import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, eventually, next_ledger, read, serve, wire_code

FIRST, COUNT = 5000, 600


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [60_000] * COUNT)


@pytest.fixture
def lake(tmp_path, chain):
    return ledgers.write_lake(tmp_path / "lake", chain, per_file=4)


def test_stream_ends_unavailable_with_its_place_and_the_next_one_goes_on(lake, chain):
    with serve(lake, "--threads", "2") as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}:{FIRST + COUNT - 1}"))
        rows = reader.read_chunk().data.column("ledger_sequence").to_pylist()
        away = lake.rename(lake.with_name("away"))
        with pytest.raises(pa.ArrowException) as ended:
            for chunk in reader:
                rows += chunk.data.column("ledger_sequence").to_pylist()
        assert wire_code(ended.value) == "UNAVAILABLE"
        assert "is gone" in str(ended.value)
        place = next_ledger(ended.value)
        assert rows == list(range(FIRST, place))

        # The server stays up, says so, and refuses quickly.
        assert server.alive
        eventually(lambda: server.probe("/ready")[0] == 503)
        begun = time.monotonic()
        refused = read(client, f"{TABLE}:{place}:{FIRST + COUNT - 1}")
        assert wire_code(refused.error) == "UNAVAILABLE"
        assert time.monotonic() - begun < 20
        assert server.metrics()['retries_total{reason="other",source="%s"}' % lake] >= 4
        assert server.metrics()['breaker_state{source="%s"}' % lake] != 0

        away.rename(lake)
        eventually(lambda: server.probe("/ready")[0] == 200)
        rows += read(client, f"{TABLE}:{place}:{FIRST + COUNT - 1}").ended().sequences
        assert rows == list(chain)
        eventually(lambda: server.metrics()['breaker_state{source="%s"}' % lake] == 0)


def test_stream_at_the_tip_outlasts_a_source_that_is_gone_for_a_second(tmp_path, chain):
    lake = tmp_path / "lake"
    early = {sequence: lcm for sequence, lcm in chain.items() if sequence < FIRST + 4}
    late = {sequence: lcm for sequence, lcm in chain.items() if FIRST + 4 <= sequence < FIRST + 8}
    ledgers.write_lake(lake, early, per_file=4)
    with serve(lake) as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        rows = []
        while len(rows) < 4:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        away = lake.rename(lake.with_name("away"))
        time.sleep(1)
        away.rename(lake)
        ledgers.write_lake(lake, late, per_file=4)
        while len(rows) < 8:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST, FIRST + 8))
        reader.cancel()
