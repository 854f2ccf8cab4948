"""Every operation of every corpus, cell by cell: what stellar-etl says, its `details` too, and a second
reader. docs/differences.md explains the differences that are."""

import collections
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import corpora
import etl_operations
import operation_reader
import program
import transfer_ledgers
import ttp_events


def rows_of(table, source, folder, network, *options):
    """The rows of a table, through the program; each batch is validated in full."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "rows.arrows"
    done = program.run("export", table, "--source", source, "--network", network, *options,
                       "--output", out, "--threads", "1", "--quiet")
    assert done.returncode == 0, done.stderr
    rows = []
    with pa.ipc.open_stream(out) as stream:
        for batch in stream:
            batch.validate(full=True)
            rows += batch.to_pylist()
    return rows


def export(source, folder, network, level="chain"):
    """The rows of operations, as the second reader has them, too."""
    rows = rows_of("operations", source, folder, network, "--verify", level)
    transactions = rows_of("transactions", source, folder, network, "--verify", level,
                           "--columns", "source_account_ed25519,sequence_number")
    assert operation_reader.operation_differences(source, network_passphrase(network), rows,
                                                  transactions) == []
    return rows


def network_passphrase(network):
    return {"pubnet": ttp_events.PUBNET, "standalone": ttp_events.STANDALONE,
            "testnet": "Test SDF Network ; September 2015"}.get(network, network)


def pool_of_a_failed_deposit(difference):
    """stellar-etl has a pool of native assets where the result says nothing of the pool."""
    return (difference.type == "liquidity_pool_deposit" and difference.ours is None
            and difference.theirs in (0, "native", -5706705804583548011))


def mint_without_administrator(difference):
    """Since protocol 23 mints have three topics; stellar-etl only knows four."""
    return (difference.key == "details.asset_balance_changes" and difference.theirs == []
            and [change["type"] for change in difference.ours] == ["mint"])


def unexplained(differences, expected):
    """The differences of none of the kinds `expected`, {kind: count}; the counts must hold."""
    kinds = collections.Counter()
    out = []
    for difference in differences:
        kind = next((kind for kind in expected if kind(difference)), None)
        kinds[kind] += 1
        if kind is None:
            out.append(difference)
    assert out == []
    assert {kind: kinds[kind] for kind in expected} == expected


@pytest.mark.parametrize("name, operations, explained", [
    ("stellar-core-test-lcm-current", 7350, {pool_of_a_failed_deposit: 14,
                                             mint_without_administrator: 1}),
    ("stellar-core-test-lcm-next-sample", 1802, {}),
])
def test_operations_of_core_streams_equal_stellar_etls(tmp_path, name, operations, explained):
    files = corpora.extract(name, tmp_path / "in")

    def check(stream):
        rows = export(files[stream], tmp_path / "out" / stream, corpora.CORE_TESTS)
        theirs = etl_operations.etl_operations()[name, stream]
        return len(rows), etl_operations.differences(name, stream, rows, theirs)

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, files))
    unexplained([line for _, lines in results for line in lines], explained)
    assert sum(count for count, _ in results) == operations


def test_operations_of_the_public_network_equal_what_stellar_etl_publishes(tmp_path):
    rows = export(corpora.CORPORA / "30820015.lcm.xdr.zst", tmp_path / "alone", "pubnet")
    rows += export(corpora.DATA / "pubnet-lake", tmp_path / "lake", "pubnet")
    assert len(rows) == 1355
    unexplained(etl_operations.differences("pubnet", "", rows,
                                           etl_operations.etl_operations()["pubnet", ""]), {})


def test_operations_of_the_testnet_lake_equal_stellar_etls(tmp_path):
    rows = export(corpora.DATA / "galexie-lake", tmp_path, "testnet")
    assert len(rows) == 31
    unexplained(etl_operations.differences(
        "galexie-lake", "", rows, etl_operations.etl_operations()["galexie-lake", ""]), {})


@pytest.mark.parametrize("name, network, ledgers", [
    ("load-test-v23-standalone", "standalone", [84, 85, 88]),
    ("load-test-v24", "load test network", [62, 63, 66]),
])
def test_operations_of_load_tests_equal_stellar_etls(tmp_path, name, network, ledgers):
    source = corpora.CORPORA / f"{name.replace('load-test', 'load-test-ledgers')}.xdr.zstd"
    rows = []
    for sequence, content in zip(ledgers, corpora.frames(corpora.read_zstd(source))):
        file = tmp_path / f"{sequence}.xdr"  # one by one, as there are gaps
        file.write_bytes(content)
        rows += export(file, tmp_path / str(sequence), network)
    assert len(rows) == 200
    unexplained(etl_operations.differences(name, "", rows,
                                           etl_operations.etl_operations()[name, ""]), {})


@pytest.mark.parametrize("name", transfer_ledgers.good())
def test_operations_of_ledgers_made_by_hand_equal_the_second_reader(tmp_path, name):
    file = tmp_path / "ledger.xdr"
    file.write_bytes(transfer_ledgers.good()[name])
    assert bool(export(file, tmp_path, ttp_events.STANDALONE, "structure")) is (
        name != "made/empty-22")
