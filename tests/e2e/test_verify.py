"""`verify`: every ledger of a range, all faults and gaps listed, and an exit code that tells."""

import pytest

import ledgers
from ledgers import without
from program import last_json, run

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
RANGE = f"{FIRST}:{NEWEST}"


def verify(source, level, *args, **kwargs):
    return run("verify", *args, "--source", source, "--level", level, **kwargs)


@pytest.mark.parametrize("level", ["structure", "chain", "full"])
def test_public_network_ledgers_pass(level):
    done = verify(ledgers.PUBNET_LAKE, level, RANGE, "--json")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout) == {"first": FIRST, "last": NEWEST, "ledgers": 6, "level": level,
                                      "ok": True, "gaps": [], "faults": []}


@pytest.mark.parametrize("level", ["structure", "chain", "full"])
def test_test_network_ledgers_pass_without_a_range(level):
    done = verify(ledgers.TESTNET_LAKE, level, "--json")
    assert done.returncode == 0, done.stderr
    summary = last_json(done.stdout)
    assert (summary["first"], summary["last"], summary["ledgers"]) == (997, 999, 3)
    assert summary["ok"] is True


def test_part_of_the_range_is_verified():
    done = verify(ledgers.PUBNET_LAKE, "full", f"{FIRST + 1}:{FIRST + 2}", "--json")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ledgers"] == 2


def test_gaps_are_listed_at_structure_without_failing(lake, pubnet):
    source = lake(without(pubnet, FIRST + 1, FIRST + 3, FIRST + 4))
    done = verify(source, "structure", "--json")
    assert done.returncode == 0, done.stderr
    summary = last_json(done.stdout)
    assert summary["gaps"] == [[FIRST + 1, FIRST + 1], [FIRST + 3, FIRST + 4]]
    assert summary["ok"] is True and summary["ledgers"] == 3


@pytest.mark.parametrize("level", ["chain", "full"])
def test_gaps_fail_at_chain_and_full_and_all_are_listed(lake, pubnet, level):
    source = lake(without(pubnet, FIRST + 1, FIRST + 3, FIRST + 4))
    done = verify(source, level, RANGE, "--json")
    assert done.returncode == 1
    summary = last_json(done.stdout)
    assert summary["gaps"] == [[FIRST + 1, FIRST + 1], [FIRST + 3, FIRST + 4]]
    assert summary["ok"] is False and summary["ledgers"] == 3


@pytest.mark.parametrize("offset,check", [(4 + 10, "header_hash"), (36 + 100, "header_hash")])
def test_flipped_bit_of_a_header_is_a_fault_with_both_hashes(lake, pubnet, offset, check):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, FIRST + 2), 12 + offset)
    done = verify(source, "chain", RANGE, "--json")
    assert done.returncode == 1
    summary = last_json(done.stdout)
    assert summary["ok"] is False and summary["gaps"] == []
    fault = next(f for f in summary["faults"] if f["check"] == check)
    assert set(fault) == {"ledger", "check", "path", "want", "got"}
    assert fault["ledger"] == FIRST + 2
    assert len(fault["want"]) == len(fault["got"]) == 64 and fault["want"] != fault["got"]
    # It went on to the end.
    assert summary["last"] == NEWEST


def test_all_faults_are_listed_not_the_first_only(lake, pubnet):
    source = lake(pubnet)
    for sequence in (FIRST + 1, FIRST + 4):
        ledgers.flip_bit(ledgers.object_path(source, sequence), 12 + 36 + 100)
    summary = last_json(verify(source, "chain", RANGE, "--json").stdout)
    assert {f["ledger"] for f in summary["faults"] if f["check"] == "header_hash"} == {
        FIRST + 1, FIRST + 4}


def test_undecodable_ledger_is_a_structure_fault(lake, pubnet):
    source = lake(pubnet)
    # The transaction count of a result set far beyond the bytes there are.
    broken = pubnet[FIRST + 2][:-3]
    ledgers.put_object(source, {FIRST + 2: broken})
    done = verify(source, "structure", RANGE, "--json")
    assert done.returncode == 1
    faults = last_json(done.stdout)["faults"]
    assert [(f["ledger"], f["check"]) for f in faults] == [(FIRST + 2, "structure")]


def test_truncated_newest_object_is_a_fault_and_no_mere_gap(lake, pubnet):
    """Whoever follows the lake waits for the rest of it; whoever verifies what there is does not."""
    source = lake(pubnet)
    newest = ledgers.object_path(source, NEWEST)
    newest.write_bytes(newest.read_bytes()[:-100])
    done = verify(source, "structure", "--json")
    assert done.returncode == 1
    report = last_json(done.stdout)
    assert report["ok"] is False and report["gaps"] == [] and report["ledgers"] == 5
    assert [(f["ledger"], f["check"]) for f in report["faults"]] == [(NEWEST, "structure")]
    assert newest.name in report["faults"][0]["got"]
    shown = run("inspect", source, NEWEST)
    assert shown.returncode == 1 and "not whole yet" in shown.stderr


def test_zstd_bomb_is_a_fault_among_others(lake, pubnet):
    source = lake(pubnet)
    ledgers.object_path(source, FIRST + 2).write_bytes(ledgers.compress(bytes(1 << 28)))
    done = verify(source, "full", RANGE, "--json")
    assert done.returncode == 1
    report = last_json(done.stdout)
    assert [(f["ledger"], f["check"]) for f in report["faults"]] == [(FIRST + 2, "structure")]
    assert report["ledgers"] == 5


@pytest.mark.parametrize("threads", ["1", "4"])
def test_damaged_first_envelope_is_a_fault_and_no_other_network(lake, pubnet, threads):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, FIRST), 12 + 500)
    env = {"THREADS": threads}
    assert verify(source, "chain", env=env).returncode == 0
    done = verify(source, "full", "--json", env=env)
    assert done.returncode == 1, done.stderr
    assert {(f["ledger"], f["check"]) for f in last_json(done.stdout)["faults"]} == {
        (FIRST, "tx_set_hash"), (FIRST, "transaction_hash")}


def test_byte_of_a_fault_in_a_batch_is_told_from_a_known_place(lake):
    chain = ledgers.make_chain(64, [0] * 64)
    chain[70] = chain[70][:-4] + bytes([0, 0, 0, 1])  # one consensus message, and no more bytes
    source = lake(chain, per_file=64)
    done = verify(source, "structure", "--json")
    got = last_json(done.stdout)["faults"][0]["got"]
    start = 12 + sum(len(chain[s]) for s in range(64, 70))
    assert f"in the batch from byte {start}: ledger 70: " in got


def test_anchor_is_held_against_the_header_itself_even_at_structure(lake, pubnet):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, FIRST + 3), 12 + 36 + 200)
    anchor = f"{FIRST + 3}:{ledgers.ledger_hash(pubnet[FIRST + 3]).hex()}"
    done = verify(source, "structure", "--anchor", anchor, "--json")
    assert done.returncode == 1
    assert [(f["ledger"], f["check"]) for f in last_json(done.stdout)["faults"]] == [
        (FIRST + 3, "header_hash")]


def test_anchor_of_the_right_hash_passes(pubnet):
    anchor = f"{FIRST + 2}:{ledgers.ledger_hash(pubnet[FIRST + 2]).hex()}"
    done = verify(ledgers.PUBNET_LAKE, "chain", RANGE, "--anchor", anchor, "--json")
    assert done.returncode == 0, done.stderr


def test_anchor_of_another_hash_is_a_fault():
    done = verify(ledgers.PUBNET_LAKE, "chain", RANGE, "--anchor", f"{FIRST + 2}:{'ab' * 32}",
                  "--json")
    assert done.returncode == 1
    fault = last_json(done.stdout)["faults"][0]
    assert (fault["ledger"], fault["check"], fault["want"]) == (FIRST + 2, "anchor", "ab" * 32)


@pytest.mark.parametrize("anchor", ["x", "5", "5:", ":ab", "5:abcd", "-1:" + "ab" * 32,
                                    "5:" + "zz" * 32, "5:" + "ab" * 33])
def test_anchor_that_is_none_is_a_usage_error(anchor):
    done = verify(ledgers.PUBNET_LAKE, "chain", f"--anchor={anchor}")
    assert done.returncode == 2
    assert "anchor" in done.stderr


@pytest.mark.parametrize("level", ["", "none", "Full", "deep"])
def test_unknown_level_is_a_usage_error_that_lists_them(level):
    done = verify(ledgers.PUBNET_LAKE, level)
    assert done.returncode == 2
    assert "structure" in done.stderr and "full" in done.stderr


@pytest.mark.parametrize("text", ["5:4", "a:b", "1:2:3", "-1:5", "4294967296:5"])
def test_bad_range_is_a_usage_error(text):
    done = run("verify", "--source", ledgers.PUBNET_LAKE, "--level", "chain", "--", text)
    assert done.returncode == 2


def test_network_that_contradicts_the_manifest_is_refused_with_both():
    done = verify(ledgers.PUBNET_LAKE, "full", "--network", "testnet")
    assert done.returncode in (1, 2)
    assert "Public Global Stellar Network" in done.stderr or "pubnet" in done.stderr
    assert "Test SDF Network" in done.stderr or "testnet" in done.stderr


def test_network_that_contradicts_the_data_is_refused(tmp_path, pubnet):
    """Bare files say nothing of their network; the transactions' hashes do."""
    source = ledgers.write_files(tmp_path / "files", pubnet)
    done = verify(source, "full", "--network", "testnet", "--json")
    assert done.returncode in (1, 2)
    assert "testnet" in done.stderr + done.stdout.decode() or "Test SDF" in done.stderr


def test_network_is_found_where_nobody_names_it(tmp_path, pubnet):
    source = ledgers.write_files(tmp_path / "files", pubnet)
    done = verify(source, "full", "--json")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ok"] is True
    assert "pubnet" in done.stderr or "Public Global Stellar Network" in done.stderr


def test_ledgers_without_transactions_pass_without_a_network(tmp_path):
    source = ledgers.write_files(tmp_path / "files", ledgers.make_chain(5, [0, 10, 1000]))
    done = verify(source, "full", "--json")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ledgers"] == 3


def test_result_is_readable_without_json(lake, pubnet):
    done = verify(lake(without(pubnet, FIRST + 3)), "chain", RANGE)
    assert done.returncode == 1
    assert str(FIRST + 3) in done.stdout.decode() + done.stderr
