"""A source with a fault: the rows before it arrive, then an error that names it. Never OK."""

import json
import signal

import pyarrow.flight as flight
import pytest

import ledgers
from ledgers import without
from program import TABLE, read, run, serve, wire_code

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
BAD = FIRST + 3
BEFORE = [FIRST, FIRST + 1, FIRST + 2]
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"

BATCH_HEAD = 12  # bytes of a LedgerCloseMetaBatch before its first ledger


def check_fault(source, *args, ticket=WHOLE, before=BEFORE, ledger=BAD):
    """Reads the range and returns the message of the error at its end."""
    with serve(source, *args) as server, server.connect() as client:
        stream = read(client, ticket)
        assert stream.sequences == before
        error = stream.error
        assert isinstance(error, flight.FlightInternalError), error
        assert wire_code(error) == "DATA_LOSS"
        assert str(ledger) in str(error)
        extra = json.loads(error.extra_info)
        assert extra["code"] == "DATA_LOSS"
        assert extra["ledger"] == ledger
        assert extra["next"] == (before[-1] + 1 if before else FIRST)
        # What is whole can still be read.
        if before:
            assert read(client, f"{TABLE}:{FIRST}:{before[-1]}").ended().sequences == before
        return str(error)


def test_missing_ledger_is_named_after_the_rows_before_it(lake, pubnet):
    check_fault(lake(without(pubnet, BAD)))


@pytest.mark.parametrize("level", ["structure", "full"])
def test_gap_is_an_error_at_every_level_of_verification(lake, pubnet, level):
    check_fault(lake(without(pubnet, BAD)), "--verify", level)


def test_first_missing_ledger_of_a_longer_gap_is_named(lake, pubnet):
    check_fault(lake(without(pubnet, BAD, BAD + 1)))


def test_open_stream_fails_at_a_gap_too(lake, pubnet):
    check_fault(lake(without(pubnet, BAD)), ticket=f"{TABLE}:{FIRST}")


def test_gap_at_the_start_gives_no_row(lake, pubnet):
    source = lake(without(pubnet, FIRST + 1))
    with serve(source) as server, server.connect() as client:
        stream = read(client, f"{TABLE}:{FIRST + 1}:{NEWEST}")
        assert stream.batches == []
        assert wire_code(stream.error) == "DATA_LOSS"
        assert json.loads(stream.error.extra_info)["next"] == FIRST + 1


def test_gap_among_bare_files_is_named(tmp_path, pubnet):
    check_fault(ledgers.write_files(tmp_path / "files", without(pubnet, BAD)))


def test_gap_in_a_framed_stream_is_named(tmp_path, pubnet):
    (tmp_path / "core.xdr").write_bytes(ledgers.framed(without(pubnet, BAD)))
    check_fault(f"framed:{tmp_path / 'core.xdr'}")


@pytest.mark.parametrize("offset,what", [
    (4 + 10, "the stated hash"), (ledgers.HEADER + 4 + 5, "the link"),
    (ledgers.HEADER + 36 + 3, "the set's hash")])
def test_flipped_bit_of_the_header_is_found_at_level_chain(lake, pubnet, offset, what):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, BAD), BATCH_HEAD + offset)
    message = check_fault(source)
    assert "hash" in message, what


def test_flipped_bit_of_a_transaction_is_found_at_level_full(lake, pubnet):
    source = lake(pubnet)
    # Behind the header come its extension, the set's previous hash, the number of envelopes, and
    # the first one's type; this is inside its source account.
    first = ledgers.HEADER_END + 4 + 32 + 4 + 4
    ledgers.flip_bit(ledgers.object_path(source, BAD), BATCH_HEAD + first + 20)
    assert "hash" in check_fault(source, "--verify", "full")


def test_truncated_object_is_refused(lake, pubnet):
    source = lake(pubnet)
    target = ledgers.object_path(source, BAD)
    target.write_bytes(target.read_bytes()[:-100])
    assert target.name in check_fault(source)


def test_object_that_is_no_xdr_is_refused(lake, pubnet):
    source = lake(pubnet)
    target = ledgers.object_path(source, BAD)
    target.write_bytes(ledgers.compress(b"this is no ledger at all" * 100))
    assert target.name in check_fault(source)


def test_object_of_another_ledger_is_refused(lake, pubnet):
    source = lake(pubnet)
    right = ledgers.object_path(source, BAD)
    right.write_bytes(ledgers.object_path(source, BAD + 1).read_bytes())
    check_fault(source)


def test_chain_that_breaks_between_ledgers_is_found(lake, pubnet):
    """Each ledger is right in itself, but the second half belongs to another chain."""
    mixed = ledgers.make_chain(FIRST, [0] * 6) | {
        s: lcm for s, lcm in pubnet.items() if s >= BAD}
    assert "previous" in check_fault(lake(mixed))


def test_zstd_bomb_is_refused_and_the_server_lives(lake, pubnet):
    source = lake(pubnet)
    target = ledgers.object_path(source, BAD)
    target.write_bytes(ledgers.compress(bytes(1 << 30)))
    with serve(source) as server, server.connect() as client:
        stream = read(client, WHOLE)
        assert stream.sequences == BEFORE
        assert wire_code(stream.error) in ("DATA_LOSS", "RESOURCE_EXHAUSTED")
        assert target.name in str(stream.error)
        assert server.alive


def test_network_that_contradicts_the_manifest_is_refused_with_both():
    done = run("export", f"{TABLE}:{FIRST}:{NEWEST}", "--source", ledgers.PUBNET_LAKE, "--network",
               "testnet", "--format", "null")
    assert done.returncode != 0
    assert "Public Global Stellar Network" in done.stderr or "pubnet" in done.stderr
    assert "Test SDF Network" in done.stderr or "testnet" in done.stderr


@pytest.mark.parametrize("level", ["structure", "chain"])
def test_stream_of_another_network_than_the_manifests_ends_before_its_first_row(lake, pubnet, level):
    source = lake(pubnet, passphrase=ledgers.TESTNET)
    with serve(source, "--verify", level) as server, server.connect() as client:
        for table in (TABLE, "transactions"):
            stream = read(client, f"{table}:{FIRST}:{NEWEST}")
            assert wire_code(stream.error) == "FAILED_PRECONDITION"
            assert stream.batches == []
            assert all(word in str(stream.error) for word in ("itself", "testnet", "pubnet"))


@pytest.mark.parametrize("level", ["structure", "chain"])
@pytest.mark.parametrize("who,args,env", [
    ("--network", ("--network", "testnet"), {}),
    ("environment NETWORK_PASSPHRASE", (), {"NETWORK_PASSPHRASE": ledgers.TESTNET})],
    ids=["option", "environment"])
def test_ledgers_of_another_network_than_was_named_are_refused(lake, pubnet, who, args, env, level):
    source = lake(pubnet)
    (source / ".config.json").unlink()
    of = ("--source", source, *args, "--verify", level)
    for done in (run("serve", *of, env=env),
                 run("export", f"{TABLE}:{FIRST}:{NEWEST}", "--format", "null", *of, env=env)):
        assert done.returncode not in (0, -signal.SIGTERM)
        assert all(word in done.stderr for word in (who, "testnet", "pubnet"))


def test_damaged_first_ledger_is_not_taken_for_one_of_another_network(lake, pubnet):
    source = lake(pubnet)
    (source / ".config.json").unlink()
    ledgers.object_path(source, FIRST).write_bytes(b"")
    with serve(source, "--network", "pubnet") as server, server.connect() as client:
        assert read(client, f"{TABLE}:{BAD}:{NEWEST}").ended().sequences[0] == BAD
