"""`lake write`: a lake from any source, as it is or re-linked to a chain of any length."""

import json
import signal
import struct
import subprocess
import time

import pytest

import ledgers
import program
from ledgers import without
from program import last_json, run

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
CLOSE_TIME = 36 + 4 + 32 + 32  # of a LedgerCloseMeta of version 0


def write(source, output, *args, **kwargs):
    done = run("lake", "write", "--source", source, "--output", output, "--json", *args, **kwargs)
    assert done.returncode == 0, done.stderr
    return last_json(done.stdout)


def refused(source, output, *args, **kwargs):
    """What `lake write` says when it fails."""
    done = run("lake", "write", "--source", source, "--output", output, *args, **kwargs)
    assert done.returncode in (1, 2), done.stderr
    return done.stderr


def verified(source, *args):
    done = run("verify", "--source", source, "--level", "full", "--json", *args)
    assert done.returncode == 0, done.stdout
    summary = last_json(done.stdout)
    assert summary["ok"] is True
    return summary


def content(lake):
    """{name in the lake: bytes} of all its files."""
    return {str(path.relative_to(lake)): path.read_bytes()
            for path in sorted(lake.rglob("*")) if path.is_file()}


def batches(lake):
    return {name: ledgers.decompress(data) for name, data in content(lake).items()
            if not name.endswith(".json")}


def lcms(lake):
    """The ledgers of a lake of one ledger an object, oldest first."""
    return [batch[12:] for _, batch in sorted(batches(lake).items(), reverse=True)]


def test_ledgers_are_copied_as_they_are(tmp_path):
    summary = write(ledgers.PUBNET_LAKE, tmp_path / "lake")
    seconds = summary.pop("seconds")
    assert seconds > 0
    assert summary.pop("bytes_compressed") == sum(
        len(data) for name, data in content(tmp_path / "lake").items() if name != ".config.json")
    theirs = batches(ledgers.PUBNET_LAKE)
    assert summary == {"first": FIRST, "last": NEWEST, "ledgers": 6, "objects": 6,
                       "objects_kept": 0, "bytes_raw": sum(map(len, theirs.values()))}
    assert batches(tmp_path / "lake") == theirs
    manifest = json.loads((tmp_path / "lake/.config.json").read_text())
    assert manifest == json.loads((ledgers.PUBNET_LAKE / ".config.json").read_text())


def test_what_was_written_is_read_listed_and_written_again_the_same(tmp_path):
    layout = ("--ledgers-per-file", 8, "--files-per-partition", 2)
    write(ledgers.PUBNET_LAKE, tmp_path / "a", "--repeat", 4, "--start", 2, *layout)
    done = run("lake", "list", tmp_path / "a", "--json")
    # 24 ledgers from 2 on, and as many more as fill the last object.
    assert last_json(done.stdout) == {"first": 2, "last": 31, "objects": 4, "ledgers_per_file": 8,
                                      "gaps": []}
    assert sorted(content(tmp_path / "a")) == [
        ".config.json", "FFFFFFEF--16-31/FFFFFFE7--24-31.xdr.zst",
        "FFFFFFEF--16-31/FFFFFFEF--16-23.xdr.zst", "FFFFFFFF--0-15/FFFFFFF7--8-15.xdr.zst",
        "FFFFFFFF--0-15/FFFFFFFF--0-7.xdr.zst"]
    assert verified(tmp_path / "a")["ledgers"] == 30
    write(tmp_path / "a", tmp_path / "b", *layout, "--threads", 1)
    assert content(tmp_path / "b") == content(tmp_path / "a")


@pytest.mark.parametrize("source", [ledgers.PUBNET_LAKE, ledgers.TESTNET_LAKE])
@pytest.mark.parametrize("start", [None, 2, 4294967200])
def test_repetitions_make_one_chain_that_is_proven_in_full(tmp_path, source, start):
    count = 6 if source == ledgers.PUBNET_LAKE else 3
    summary = write(source, tmp_path / "lake", "--repeat", 5,
                    *([] if start is None else ["--start", start]))
    first = start or (FIRST if count == 6 else 997)
    assert (summary["first"], summary["last"]) == (first, first + 5 * count - 1)
    assert verified(tmp_path / "lake")["ledgers"] == 5 * count


def test_first_repetition_is_the_source_itself_and_later_ones_keep_transactions(tmp_path, pubnet):
    write(ledgers.PUBNET_LAKE, tmp_path / "lake", "--repeat", 2)
    written, theirs = lcms(tmp_path / "lake"), list(pubnet.values())
    assert written[:6] == theirs
    after = ledgers.HEADER_END + 4 + 32  # the set's envelopes and all that follows them
    assert [lcm[after:] for lcm in written[6:]] == [lcm[after:] for lcm in theirs]
    assert [ledgers.previous_hash(lcm) for lcm in written[1:]] == [
        ledgers.ledger_hash(lcm) for lcm in written[:-1]]
    times = [struct.unpack_from(">Q", lcm, CLOSE_TIME)[0] for lcm in written]
    steps = [late - early for early, late in zip(times, times[1:])]
    assert steps == [6, 5, 5, 5, 6, 1, 6, 5, 5, 5, 6]


def test_gap_is_an_error_that_names_it_unless_numbers_are_given_anew(tmp_path, lake, pubnet):
    source = lake(without(pubnet, FIRST + 2, FIRST + 3))
    message = refused(source, tmp_path / "as-they-are")
    assert f"ledger {FIRST + 2} is missing" in message
    summary = write(source, tmp_path / "closed", "--start", FIRST)
    assert (summary["first"], summary["last"]) == (FIRST, FIRST + 3)
    assert verified(tmp_path / "closed")["ledgers"] == 4


def test_stream_on_standard_input_becomes_a_lake(tmp_path, pubnet):
    write("framed:-", tmp_path / "lake", stdin=ledgers.framed(pubnet))
    assert batches(tmp_path / "lake") == batches(ledgers.PUBNET_LAKE)


@pytest.mark.parametrize("args", [["--repeat", 2],
                                  ["--repeat", 1, "--start", 8, "--ledgers-per-file", 8]])
def test_stream_that_can_be_read_only_once_is_not_repeated(tmp_path, pubnet, args):
    message = refused("framed:-", tmp_path / "lake", *args, stdin=ledgers.framed(pubnet))
    assert "can be read only once" in message


def test_source_without_ledgers_is_an_error(tmp_path):
    for args in ([], ["--repeat", 3, "--ledgers-per-file", 4]):
        message = refused("framed:-", tmp_path / "lake", *args)
        assert "framed:-" in message or "standard input" in message


def test_interrupted_write_can_be_repeated(tmp_path):
    args = ["--source", ledgers.PUBNET_LAKE, "--repeat", 100, "--start", 2]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    write(ledgers.PUBNET_LAKE, whole, *args[2:])
    process = subprocess.Popen(
        [program.PROGRAM, "lake", "write", *map(str, args), "--output", str(cut), "--quiet"],
        env=program.environment())
    while process.poll() is None and len(list(cut.rglob("*.zst"))) < 20:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wanted, there = batches(whole), batches(whole) | {
        name: ledgers.decompress(data) for name, data in content(cut).items()
        if name.endswith(".zst")}
    assert there == wanted  # what is there under its name is whole
    summary = write(ledgers.PUBNET_LAKE, cut, *args[2:])
    assert summary["objects"] == 600 and summary["objects_kept"] >= 20
    assert {name: data for name, data in content(cut).items() if ".part-" not in name} == (
        content(whole))


def test_object_of_other_content_is_an_error_and_stays(tmp_path):
    output = tmp_path / "lake"
    write(ledgers.PUBNET_LAKE, output, "--start", 100)
    before = content(output)
    message = refused(ledgers.PUBNET_LAKE, output, "--start", 101)
    assert "FFFFFF9A--101.xdr.zst is there already, with other content" in message
    assert {name: data for name, data in content(output).items() if name in before} == before


@pytest.mark.parametrize("option, said", [("--ledgers-per-file", "1 ledgers a file"),
                                          ("--files-per-partition", "64000 files a partition")])
def test_option_that_contradicts_the_manifest_is_refused(tmp_path, option, said):
    write(ledgers.PUBNET_LAKE, tmp_path / "lake")
    before = content(tmp_path / "lake")
    assert said in refused(ledgers.PUBNET_LAKE, tmp_path / "lake", option, 3)
    assert content(tmp_path / "lake") == before


def test_ledgers_of_another_network_than_the_lakes_are_refused(tmp_path, pubnet):
    write(ledgers.PUBNET_LAKE, tmp_path / "lake")
    before = content(tmp_path / "lake")
    message = refused(ledgers.TESTNET_LAKE, tmp_path / "lake")
    assert "pubnet" in message and "testnet" in message
    # A source that says nothing of its network shows it by its transactions.
    write(ledgers.TESTNET_LAKE, tmp_path / "testnet")
    message = refused(ledgers.write_files(tmp_path / "files", pubnet), tmp_path / "testnet")
    assert "pubnet" in message and "testnet" in message
    assert content(tmp_path / "lake") == before


def test_network_of_the_manifest_is_found_or_named(tmp_path, pubnet):
    write(ledgers.write_files(tmp_path / "files", pubnet), tmp_path / "found")
    manifest = json.loads((tmp_path / "found/.config.json").read_text())
    assert manifest["networkPassphrase"] == ledgers.PUBNET
    empty = ledgers.write_files(tmp_path / "empty", ledgers.make_chain(5, [0, 10]))
    assert "--network" in refused(empty, tmp_path / "lake")
    summary = write(empty, tmp_path / "lake", "--network", "a network of my own")
    assert summary["objects_kept"] == 2
    manifest = json.loads((tmp_path / "lake/.config.json").read_text())
    assert manifest["networkPassphrase"] == "a network of my own"


def test_object_that_would_not_be_whole_is_not_written(tmp_path):
    message = refused(ledgers.PUBNET_LAKE, tmp_path / "head", "--ledgers-per-file", 4)
    assert f"begins with ledger {FIRST - 3}" in message
    message = refused(ledgers.PUBNET_LAKE, tmp_path / "tail", "--ledgers-per-file", 4, "--start", 8)
    assert "ledgers 12 to 13 are not written" in message and "14 to 15" in message
    assert verified(tmp_path / "tail")["ledgers"] == 4


def test_faults_of_the_source_end_it_by_the_level_asked_for(tmp_path, lake, pubnet):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, FIRST + 2), 12 + 4)  # the stated hash
    message = refused(source, tmp_path / "kept-out", "--start", 2)
    assert f"ledger {FIRST + 2}: header_hash" in message
    # Unless that is to be mended.
    write(source, tmp_path / "mended", "--start", 2, "--verify", "structure")
    assert verified(tmp_path / "mended")["ledgers"] == 6


@pytest.mark.parametrize("args", [["--repeat", 0], ["--repeat", "x"], ["--start", 1],
                                  ["--start", 4294967296], ["--ledgers-per-file", 0],
                                  ["--files-per-partition", -1], ["--compression-level", 0],
                                  ["--compression-level", 20]])
def test_bad_number_is_a_usage_error(tmp_path, args):
    done = run("lake", "write", "--source", ledgers.PUBNET_LAKE, "--output", tmp_path / "lake",
               *args)
    assert done.returncode == 2
    assert args[0] in done.stderr
    assert not (tmp_path / "lake").exists()


def test_numbers_past_the_greatest_are_an_error(tmp_path):
    message = refused(ledgers.PUBNET_LAKE, tmp_path / "lake", "--start", 4294967293)
    assert f"ledger {FIRST + 3}" in message and "no more numbers" in message


def test_environment_for_the_sources_layout_does_not_lay_out_the_lake(tmp_path):
    write(ledgers.PUBNET_LAKE, tmp_path / "lake",
          env={"LEDGERS_PER_FILE": "1", "FILES_PER_PARTITION": "64000"})
    write(ledgers.PUBNET_LAKE, tmp_path / "four", "--start", 8, "--repeat", 2,
          "--ledgers-per-file", 4, env={"LEDGERS_PER_FILE": "1"})
    assert verified(tmp_path / "four")["ledgers"] == 12


def test_result_is_readable_without_json(tmp_path):
    done = run("lake", "write", "--source", ledgers.PUBNET_LAKE, "--output", tmp_path / "lake")
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"" and f"ledgers {FIRST} to {NEWEST}" in done.stderr
    assert run("lake", "write", "--source", ledgers.PUBNET_LAKE, "--output", tmp_path / "lake",
               "--quiet").stderr == ""
