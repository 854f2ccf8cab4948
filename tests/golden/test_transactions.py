"""Every transaction of every corpus, cell by cell: what stellar-etl says, and a second reader."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import corpora
import etl_transactions
import program
import second_reader


def differences(source, rows, theirs):
    """The cells of the rows of `source` that another tool has otherwise."""
    return (etl_transactions.differences(rows, theirs)
            + second_reader.transaction_differences(source, rows))


def export(source, folder, network, level="full"):
    """The rows of transactions, through the program; all batches are valid."""
    out = folder / "rows.arrows"
    folder.mkdir(parents=True, exist_ok=True)
    done = program.run("export", "transactions", "--source", source, "--network", network,
                       "--verify", level, "--output", out, "--threads", "1", "--quiet")
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(out) as stream:
        batches = list(stream)
        for batch in batches:
            batch.validate(full=True)
        rows = etl_transactions.plain(pa.Table.from_batches(batches, stream.schema))
    for _, ledger in itertools.groupby(rows, lambda row: row["ledger_sequence"]):
        places = [row["transaction_index"] for row in ledger]
        assert places == list(range(1, len(places) + 1))
    return rows


@pytest.mark.parametrize("name, streams, transactions", [
    ("stellar-core-test-lcm-current", 477, 7335),
    ("stellar-core-test-lcm-next-sample", 120, 1800),
])
def test_core_streams_equal_stellar_etl_and_the_second_reader(tmp_path, name, streams, transactions):
    files = corpora.extract(name, tmp_path / "in")
    assert len(files) == streams

    def check(stream):
        rows = export(files[stream], tmp_path / "out" / stream, corpora.CORE_TESTS)
        theirs = etl_transactions.etl_transactions()[name, stream]
        return len(rows), [f"{stream}: {line}"
                           for line in differences(files[stream], rows, theirs)]

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, files))
    assert [line for _, lines in results for line in lines] == []
    assert sum(count for count, _ in results) == transactions


def test_public_network_transactions_equal_what_stellar_etl_publishes(tmp_path):
    rows = []
    for source in (corpora.CORPORA / "30820015.lcm.xdr.zst", corpora.DATA / "pubnet-lake"):
        of_source = export(source, tmp_path / source.name, "pubnet")
        assert second_reader.transaction_differences(source, of_source) == []
        rows += of_source
    assert len(rows) == 423
    theirs = etl_transactions.etl_transactions()["pubnet", ""]
    assert etl_transactions.differences(rows, theirs) == []


def test_testnet_transactions_equal_stellar_etl(tmp_path):
    source = corpora.DATA / "galexie-lake"
    rows = export(source, tmp_path, "testnet")
    assert len(rows) == 17
    theirs = etl_transactions.etl_transactions()["galexie-lake", ""]
    assert differences(source, rows, theirs) == []


@pytest.mark.parametrize("name, network", [
    ("load-test-v23-standalone", "standalone"),
    ("load-test-v24", "load test network"),
])
def test_load_test_transactions_equal_stellar_etl(tmp_path, name, network):
    source = corpora.CORPORA / f"{name.replace('load-test', 'load-test-ledgers')}.xdr.zstd"
    rows = []
    for place, content in enumerate(corpora.frames(corpora.read_zstd(source))):
        file = tmp_path / f"{place}.xdr"  # one by one, as there are gaps
        file.write_bytes(content)
        of_ledger = export(file, tmp_path / str(place), network, "chain")
        assert second_reader.transaction_differences(file, of_ledger) == []
        rows += of_ledger
    assert len(rows) == 200
    theirs = etl_transactions.etl_transactions()[name, ""]
    assert etl_transactions.differences(rows, theirs) == []
