"""Every ledger of every corpus is read, proven, and equals what stellar-etl says of it."""

import struct
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import corpora
import program


def export(source, folder, network, level="full", extra=()):
    """The rows of stellar_ledger, through the program."""
    out = folder / "rows.arrows"
    folder.mkdir(parents=True, exist_ok=True)
    done = program.run("export", "stellar_ledger", "--source", source, "--network", network,
                       "--verify", level, "--output", out, "--threads", "1", "--quiet", *extra)
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(out) as stream:
        return stream.read_all().to_pylist()


@pytest.mark.parametrize("name, streams, ledgers", [
    ("stellar-core-test-lcm-current", 477, 8934),
    ("stellar-core-test-lcm-next-sample", 120, 2196),
])
def test_core_streams_are_proven_in_full_and_equal_stellar_etl(tmp_path, name, streams, ledgers):
    files = corpora.extract(name, tmp_path / "in")
    assert len(files) == streams

    def check(stream):
        path = files[stream]
        rows = export(path, tmp_path / "out" / stream, corpora.CORE_TESTS)
        assert [row["ledger_close_meta_xdr"] for row in rows] == corpora.frames(path.read_bytes())
        theirs = corpora.etl_ledgers()[name, stream]
        return len(rows), [f"{stream}: {line}" for line in corpora.differences(rows, theirs)]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, files))
    assert [line for _, lines in results for line in lines] == []
    assert sum(count for count, _ in results) == ledgers


@pytest.mark.parametrize("level", ["chain", "full"])
def test_public_network_ledgers_equal_what_stellar_etl_publishes(tmp_path, level):
    rows = export(corpora.DATA / "pubnet-lake", tmp_path, "pubnet", level)
    assert corpora.differences(rows, corpora.etl_ledgers()["pubnet", "published"]) == []
    alone = export(corpora.CORPORA / "30820015.lcm.xdr.zst", tmp_path / "alone", "pubnet", level)
    theirs = corpora.etl_ledgers()["pubnet", ""]
    assert corpora.differences(rows + alone, theirs) == []


def test_testnet_lake_equals_stellar_etl(tmp_path):
    rows = export(corpora.DATA / "galexie-lake", tmp_path, "testnet")
    assert corpora.differences(rows, corpora.etl_ledgers()["galexie-lake", ""]) == []


@pytest.mark.parametrize("name, streams", [("stellar-core-test-lcm-current", 42),
                                           ("stellar-core-test-lcm-next-sample", 10)])
def test_core_streams_repeated_and_numbered_anew_are_proven_in_full(tmp_path, name, streams):
    files = corpora.extract(name, tmp_path / "in")
    # All that hold an LCM V0 or V1, which are rare, and one in twelve of the others.
    chosen = [path for i, path in enumerate(files.values()) if i % 12 == 0 or any(
        lcm[:4] != b"\0\0\0\2" for lcm in corpora.frames(path.read_bytes()))]
    assert len(chosen) == streams

    def check(path):
        lake = tmp_path / "out" / path.stem
        done = program.run("lake", "write", "--source", path, "--network", corpora.CORE_TESTS,
                           "--output", lake, "--repeat", 2, "--start", 2, "--ledgers-per-file", 8,
                           "--threads", 1, "--quiet")
        assert done.returncode == 0, done.stderr
        done = program.run("verify", "--source", lake, "--level", "full", "--json", "--quiet",
                           "--threads", 1)
        assert done.returncode == 0, done.stdout
        assert program.last_json(done.stdout)["ledgers"] >= 2 * len(
            corpora.frames(path.read_bytes()))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(check, chosen))


LOAD_TESTS = [
    ("load-test-v23-standalone", "standalone", [84, 85, 88], [[86, 87]]),
    ("load-test-v24", "load test network", [62, 63, 66], [[64, 65]]),
]


@pytest.mark.parametrize("name, network, ledgers, gaps", LOAD_TESTS)
def test_load_test_ledgers_fail_as_their_generator_made_them(name, network, ledgers, gaps):
    """It merged ledgers and numbered them anew: the headers hold, the sets do not match them."""
    source = corpora.CORPORA / f"{name.replace('load-test', 'load-test-ledgers')}.xdr.zstd"
    done = program.run("verify", "--source", source, "--level", "full", "--network", network,
                       "--json")
    report = program.last_json(done.stdout)
    assert done.returncode == 1
    assert report["ok"] is False
    assert (report["first"], report["last"], report["ledgers"]) == (ledgers[0], ledgers[-1], 3)
    assert report["gaps"] == gaps
    assert [(fault["ledger"], fault["check"]) for fault in report["faults"]] == [
        (ledger, check) for ledger in ledgers[1:] for check in ("tx_set_hash", "result_set_hash")]
    structure = program.run("verify", "--source", source, "--level", "structure", "--json")
    report = program.last_json(structure.stdout)
    assert structure.returncode == 0 and report["ok"] is True and report["gaps"] == gaps


@pytest.mark.parametrize("name, network, ledgers, gaps", LOAD_TESTS)
def test_load_test_ledgers_numbered_anew_match_their_sets_but_not_their_results(
        tmp_path, name, network, ledgers, gaps):
    source = corpora.CORPORA / f"{name.replace('load-test', 'load-test-ledgers')}.xdr.zstd"
    done = program.run("lake", "write", "--source", source, "--network", network, "--output",
                       tmp_path / "lake", "--start", ledgers[0])
    assert done.returncode == 0, done.stderr
    done = program.run("verify", "--source", tmp_path / "lake", "--level", "full", "--json")
    report = program.last_json(done.stdout)
    assert report["ledgers"] == 3 and report["gaps"] == []
    assert [(fault["ledger"], fault["check"]) for fault in report["faults"]] == [
        (ledgers[0] + 1, "result_set_hash"), (ledgers[0] + 2, "result_set_hash")]


@pytest.mark.parametrize("name, network, ledgers, gaps", LOAD_TESTS)
def test_load_test_ledgers_equal_stellar_etl(tmp_path, name, network, ledgers, gaps):
    source = corpora.CORPORA / f"{name.replace('load-test', 'load-test-ledgers')}.xdr.zstd"
    contents = corpora.frames(corpora.read_zstd(source))
    rows = []
    for sequence, content in zip(ledgers, contents):  # one by one, as there are gaps
        file = tmp_path / f"{sequence}.xdr"
        file.write_bytes(content)
        rows += export(file, tmp_path / str(sequence), network, "chain")
    assert corpora.differences(rows, corpora.etl_ledgers()[name, ""]) == []


def empty_ledger(entry_hash, header):
    """A LedgerCloseMeta V1 of a header alone: a set and results of no transactions."""
    previous = header[4:36]
    return (struct.pack(">ii", 1, 0) + entry_hash + header + struct.pack(">i", 0)  # ledgerHeader
            + struct.pack(">i", 1) + previous + struct.pack(">I", 0)                # txSet
            + struct.pack(">IIIQII", 0, 0, 0, 0, 0, 0))


def test_200_public_headers_give_the_cells_that_stellar_etl_reads_off_them(tmp_path):
    import base64
    theirs = corpora.read_jsonl(corpora.CORPORA / "pubnet-headers-52929555.jsonl.zst")
    assert len(theirs) == 200
    stream = b""
    for row in sorted(theirs, key=lambda row: row["sequence"]):
        content = empty_ledger(bytes.fromhex(row["ledger_hash"]),
                               base64.b64decode(row["ledger_header"]))
        stream += struct.pack(">I", 0x80000000 | len(content)) + content
    file = tmp_path / "headers.xdr"
    file.write_bytes(stream)
    rows = export(file, tmp_path / "out", "pubnet", "chain")
    of_headers = [{key: value for key, value in row.items()
                   if key in corpora.ETL_COLUMNS and key not in corpora.OF_THE_WHOLE_LEDGER}
                  | {"evicted_ledger_keys_type": None, "evicted_ledger_keys_hash": None}
                  for row in theirs]
    assert corpora.differences(rows, of_headers) == []
