"""`inspect`: one ledger as SEP-51 JSON, whole or one value of it."""

import json
import os
import subprocess

import pytest

import ledgers
import program
from program import run

FIRST = ledgers.FIRST


@pytest.fixture
def bare(tmp_path, pubnet):
    """One bare LedgerCloseMeta in a file."""
    path = tmp_path / "ledger.xdr"
    path.write_bytes(pubnet[FIRST])
    return path


def inspect(*args):
    done = run("inspect", *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_whole(shown, lcm):
    entry = shown["v0"]["ledger_header"]
    assert entry["hash"] == ledgers.ledger_hash(lcm).hex()
    assert entry["header"]["previous_ledger_hash"] == ledgers.previous_hash(lcm).hex()
    assert entry["ext"] == "v0"


def test_file_is_shown_whole(bare, pubnet):
    shown = inspect(bare)
    check_whole(shown, pubnet[FIRST])
    assert shown["v0"]["ledger_header"]["header"]["ledger_seq"] == FIRST
    assert len(shown["v0"]["tx_processing"]) == ledgers.PUBLISHED[FIRST][0]


def test_ledger_of_a_lake_is_shown(pubnet):
    check_whole(inspect(ledgers.PUBNET_LAKE, FIRST + 2), pubnet[FIRST + 2])


def test_ledger_of_a_stream_is_shown(tmp_path, pubnet):
    stream = tmp_path / "core.xdr"
    stream.write_bytes(ledgers.framed(pubnet))
    check_whole(inspect(f"framed:{stream}", FIRST + 1), pubnet[FIRST + 1])


@pytest.mark.parametrize("path,want", [
    ("v0.ledgerHeader.header.ledgerSeq", FIRST), ("v0.ledger_header.header.ledger_seq", FIRST),
    ("v0.ledgerHeader.header.baseFee", 100), ("v0.ledger_header.header.max_tx_set_size", 1000)])
def test_path_in_the_protocols_names_or_in_sep_51s_picks_a_value(bare, path, want):
    assert inspect(bare, "--path", path) == want


def test_path_with_an_index_picks_an_element(bare):
    whole = inspect(bare)["v0"]["tx_processing"]
    assert inspect(bare, "--path", "v0.txProcessing[3].result") == whole[3]["result"]
    assert inspect(bare, "--path", "v0.tx_processing[0]") == whole[0]


@pytest.mark.parametrize("path", ["v0.nothing", "v1.txProcessing", "v0.txProcessing[57]",
                                  "v0.txProcessing[-1]", "v0.txProcessing[", "v0..", "[0]",
                                  "v0.ledgerHeader.header.ledgerSeq.more"])
def test_path_that_leads_nowhere_is_an_error_that_says_where(bare, path):
    done = run("inspect", bare, "--path", path)
    assert done.returncode in (1, 2)
    assert done.stdout == b""
    assert done.stderr


def test_ledger_that_is_not_there_is_an_error():
    done = run("inspect", ledgers.PUBNET_LAKE, FIRST + 100, timeout=60)
    assert done.returncode == 1
    assert done.stdout == b""
    assert str(FIRST + 100) in done.stderr


def test_file_that_is_no_ledger_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"no ledger")
    done = run("inspect", path)
    assert done.returncode == 1
    assert "notes.txt" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_output_that_cannot_be_written_is_an_error():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program.PROGRAM, "inspect", str(ledgers.PUBNET_LAKE)], stdout=full,
                              stderr=subprocess.PIPE, env=program.environment(), timeout=60,
                              check=False)
    assert done.returncode == 1
    assert b"stdout" in done.stderr
