"""Several sources of the same ledgers: another one stands in where one fails, and what it gives must be of
the same chain."""

import pyarrow.flight as flight
import pytest

import ledgers
from cutting_proxy import CuttingProxy
from program import TABLE, eventually, read, run, serve, wire_code
from services import NO_FLUSH, raw_ledgers

FIRST, COUNT = 5000, 300
LAST = FIRST + COUNT - 1
ALL = f"{TABLE}:{FIRST}:{LAST}"


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [20_000] * COUNT)


@pytest.fixture(scope="module")
def other_chain():
    """Ledgers of the same numbers and network that are others."""
    return ledgers.make_chain(FIRST, [20_000] * COUNT, protocol=21)


def sources(*urls):
    return [word for url in urls for word in ("--source", str(url))]


def export(*urls_and_options, request=ALL):
    return run("export", request, "--columns", "ledger_sequence", "--format", "csv", "--quiet",
               *urls_and_options)


def sequences(done):
    return [int(line) for line in done.stdout.split()[1:]]


@pytest.mark.parametrize("per_file", [1, 4])
def test_where_one_has_a_gap_another_goes_on(lake, chain, per_file):
    # With four ledgers an object, what stands in begins with ledgers that were given already.
    holed = lake(ledgers.without(chain, FIRST + 101, FIRST + 102, FIRST + 200), "holed")
    whole = lake(chain, "whole", per_file=per_file)
    done = export(*sources(holed, whole))
    assert done.returncode == 0, done.stderr
    assert sequences(done) == list(chain)


def test_one_that_dies_in_the_midst_is_stood_in_for_to_the_byte(lake, chain):
    spare = lake(chain, "spare", per_file=4)
    with raw_ledgers(spare) as port, CuttingProxy(port, [2_000_000]) as proxy, \
            serve(spare, *NO_FLUSH) as plain, plain.connect() as plain_client:
        first = f"grpc://127.0.0.1:{proxy.port}"
        want = read(plain_client, ALL).ended()
        with serve(f"{first}\n{spare}", "--max-attempts", "2", *NO_FLUSH) as server, \
                server.connect() as client:
            reader = client.do_get(flight.Ticket(ALL))
            batches = [reader.read_chunk().data]
            proxy.go_down()
            batches += [chunk.data for chunk in reader]
            assert [batch.columns for batch in batches] == [batch.columns for batch in want.batches]
            # The one that is down is told of by its name; the server can go on.
            breaker = 'breaker_state{source="%s"}'
            assert server.metrics()[breaker % spare] == 0
            assert read(client, ALL).ended().sequences == list(chain)
            assert server.probe("/ready")[0] == 200
            proxy.come_up()
            eventually(lambda: server.metrics()[breaker % first] == 0)


@pytest.mark.parametrize("level", ["structure", "chain", "full"])
def test_another_chain_cannot_stand_in(lake, chain, other_chain, level):
    holed = lake(ledgers.without(chain, FIRST + 100), "holed")
    other = lake(other_chain, "other")
    done = export(*sources(holed, other), "--verify", level)
    assert done.returncode == 1
    assert "DATA_LOSS" in done.stderr and f"ledger {FIRST + 100}" in done.stderr
    assert sequences(done) == list(range(FIRST, FIRST + 100))


def test_sources_of_two_networks_are_refused(lake, chain, other_chain):
    pubnet = lake(chain, "pubnet")
    testnet = lake(other_chain, "testnet", passphrase=ledgers.TESTNET)
    done = export(*sources(pubnet, testnet))
    assert done.returncode == 2
    for word in (ledgers.PUBNET, ledgers.TESTNET, str(pubnet), str(testnet)):
        assert word in done.stderr


def test_where_all_fail_the_first_ones_words_are_told(lake, chain):
    gap = FIRST + 100
    done = export(*sources(lake(ledgers.without(chain, gap), "a"),
                           lake(ledgers.without(chain, gap), "b")))
    assert done.returncode == 1
    assert f"ledger {gap} is missing" in done.stderr
    assert sequences(done) == list(range(FIRST, gap))


def test_history_and_tip_of_two_sources_make_one(lake, chain):
    old = lake({i: chain[i] for i in chain if i < FIRST + 200}, "old")
    new = lake({i: chain[i] for i in chain if i >= FIRST + 100}, "new")
    done = export(*sources(new, old))
    assert done.returncode == 0, done.stderr
    assert sequences(done) == list(chain)


def test_what_only_one_that_is_down_has_is_no_ledger_that_there_is_not(lake, chain):
    old = lake({i: chain[i] for i in chain if i < FIRST + 200}, "old")
    new = lake({i: chain[i] for i in chain if i >= FIRST + 100}, "new")
    with raw_ledgers(old) as port, CuttingProxy(port) as proxy:
        url = f"grpc://127.0.0.1:{proxy.port}"
        with serve(f"{url}\n{new}", "--max-attempts", "2", *NO_FLUSH) as server, \
                server.connect() as client:
            assert read(client, ALL).ended().sequences == list(chain)
            proxy.go_down()
            eventually(lambda: server.metrics()[f'breaker_state{{source="{url}"}}'] > 0)
            for request in (ALL, f"{TABLE}:{FIRST}:{FIRST + 50}"):
                error = read(client, request).error
                assert wire_code(error) == "UNAVAILABLE" and url in str(error), error
            # What the other one has is served all the same.
            assert read(client, f"{TABLE}:{FIRST + 150}:{LAST}").ended().sequences[0] == FIRST + 150
            proxy.come_up()
            eventually(lambda: server.metrics()[f'breaker_state{{source="{url}"}}'] == 0)
            assert read(client, ALL).ended().sequences == list(chain)


def test_a_configuration_file_lists_them(tmp_path, lake, chain):
    config = tmp_path / "server.toml"
    config.write_text(f'source = ["{lake(ledgers.without(chain, FIRST + 9), "a")}", '
                      f'"{lake(chain, "b")}"]\n')
    done = export("--config", config)
    assert done.returncode == 0, done.stderr
    assert sequences(done) == list(chain)
