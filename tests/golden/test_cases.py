"""What no corpus has, by ledgers made by hand; and the list of named cases, with each case as it is
written. The second reader is the judge."""

import functools

import pytest

import case_ledgers
import corpora
import etl_operations
import etl_transactions
import named_cases
import operation_reader
import second_reader
import transfer_ledgers
import ttp_events
from test_operations import export as export_operations
from test_operations import rows_of
from test_transactions import export as export_transactions


def hold(name, content, folder):
    """The rows of both tables, which are as the second reader has them."""
    file = folder / "ledger.xdr"
    file.write_bytes(content)
    network = ttp_events.passphrase(name)
    transactions = export_transactions(file, folder, network, "structure")
    assert second_reader.transaction_differences(file, transactions) == []
    return transactions, export_operations(file, folder, network, "structure")


@pytest.mark.parametrize("name", case_ledgers.cases())
def test_ledgers_with_one_of_everything_equal_the_second_reader(tmp_path, name):
    transactions, operations = hold(name, case_ledgers.cases()[name], tmp_path)
    assert transactions and operations


def test_transactions_of_ledgers_that_move_tokens_equal_the_second_reader(tmp_path):
    count = 0
    for name, content in transfer_ledgers.good().items():
        folder = tmp_path / name
        folder.mkdir(parents=True)
        file = folder / "ledger.xdr"
        file.write_bytes(content)
        if name == "made/empty-22":
            continue
        rows = export_transactions(file, folder, ttp_events.STANDALONE, "structure")
        assert second_reader.transaction_differences(file, rows) == []
        count += len(rows)
    assert count == 194


@pytest.mark.parametrize("seed", range(12))
def test_texts_are_valid_utf8_whatever_the_bytes(tmp_path, seed):
    """Of all tables. Bytes that are no UTF-8 become what the second reader makes of them."""
    content = transfer_ledgers.ledger(100, 23, 4, list(case_ledgers.texts(seed)))
    file = tmp_path / "ledger.xdr"
    _, operations = hold("cases/texts", content, tmp_path)
    assert file.read_bytes() == content
    for table in ("stellar_ledger", "transactions", "operations", "ttp_events"):
        rows_of(table, file, tmp_path, ttp_events.STANDALONE, "--verify", "structure")
    replaced = {column for row in operations for column, cell in row.items()
                if isinstance(cell, str) and "\ufffd" in cell}
    if seed == 0:  # all of whose bytes are bad
        assert {"home_domain", "data_name", "function_name", "asset_code", "selling_asset_code",
                "buying_asset_code", "send_asset_code", "details"} <= replaced


def test_the_list_names_each_part_of_the_protocol_once():
    names = [case["name"] for case in kept()]
    assert len(names) == len(set(names))
    assert set(names) == named_cases.names_of_the_protocol()


def test_each_code_that_a_corpus_holds_is_named_by_a_row_of_a_corpus():
    held = set()
    for rows in etl_operations.etl_operations().values():
        for row in rows:
            code = row["operation_trace_code"] or row["operation_result_code"]
            held |= {f"code {code}"} if code else set()
    by_go = {"TransactionResultCode" + operation_reader.camel(name): name
             for name in second_reader.RESULT_CODES}
    for packed in etl_transactions.etl_transactions().values():
        held |= {f"result {by_go[code]}" for code in packed["columns"]["transaction_result_code"]}
    places = {case["name"]: case["stream"] for case in kept()}
    assert held <= places.keys()
    assert {name for name in held if places[name].startswith(("made/", "cases/"))} == set()


@functools.cache
def kept():
    return corpora.read_jsonl(named_cases.FILE)


@pytest.fixture(scope="module")
def rows_of_streams(tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    files = named_cases.streams(folder)
    return functools.cache(lambda stream: named_cases.read(files[stream], stream,
                                                           folder / "out" / stream))


@pytest.mark.parametrize("case", kept(), ids=lambda case: case["name"].replace(" ", "-"))
def test_each_named_case_is_as_it_is_written(rows_of_streams, case):
    place = case["ledger"], case["transaction"], case["operation"]
    names, row = rows_of_streams(case["stream"])[place]
    assert case["name"] in names
    if case["operation"] is not None:
        row = operation_reader.ours(row)
    got = named_cases.as_kept(row)
    assert {column: got.get(column) for column in case["row"]} == case["row"]
    # What is null there, is null here.
    assert {column for column in got if column not in case["row"]} <= named_cases.NOT_READ
