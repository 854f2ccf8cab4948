"""`lake list`: what a lake holds, by its names alone."""

import pytest

import ledgers
from ledgers import without
from program import last_json, run

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST


def listing(source, *args):
    done = run("lake", "list", source, "--json", *args)
    assert done.returncode == 0, done.stderr
    return last_json(done.stdout)


def test_complete_lake():
    assert listing(ledgers.PUBNET_LAKE) == {
        "first": FIRST, "last": NEWEST, "objects": 6, "ledgers_per_file": 1, "gaps": []}


def test_lake_without_partition_folders():
    assert listing(ledgers.TESTNET_LAKE) == {
        "first": 997, "last": 999, "objects": 3, "ledgers_per_file": 1, "gaps": []}


def test_url_and_plain_path_name_the_same_lake():
    assert listing(f"file:{ledgers.PUBNET_LAKE}") == listing(ledgers.PUBNET_LAKE)


def test_gaps_are_listed(lake, pubnet):
    found = listing(lake(without(pubnet, FIRST + 1, FIRST + 3, FIRST + 4)))
    assert found["gaps"] == [[FIRST + 1, FIRST + 1], [FIRST + 3, FIRST + 4]]
    assert (found["first"], found["last"], found["objects"]) == (FIRST, NEWEST, 3)


def test_several_ledgers_an_object(lake):
    chain = ledgers.make_chain(128, [0] * 64)
    source = lake(without(chain, *range(144, 152)), per_file=8)
    assert listing(source) == {"first": 128, "last": 191, "objects": 7, "ledgers_per_file": 8,
                               "gaps": [[144, 151]]}


def test_result_is_readable_without_json():
    done = run("lake", "list", ledgers.PUBNET_LAKE)
    assert done.returncode == 0, done.stderr
    assert str(FIRST) in done.stdout.decode() and str(NEWEST) in done.stdout.decode()


@pytest.mark.parametrize("what", ["missing", "file", "bare"])
def test_what_is_no_lake_is_an_error_that_names_it(tmp_path, pubnet, what):
    source = tmp_path / what
    if what == "file":
        source.write_bytes(b"no lake")
    elif what == "bare":
        ledgers.write_files(source, pubnet)
    done = run("lake", "list", source, "--json")
    assert done.returncode in (1, 2)
    assert what in done.stderr
