"""`get`: the command-line client. Rows on stdout, talk on stderr, an exit code that tells."""

import csv
import io
import json
import signal
import subprocess
import threading
import time

import pyarrow as pa
import pytest

import ledgers
import program
from ledgers import without
from program import TABLE, environment, last_json, read, run, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
ALL = list(range(FIRST, NEWEST + 1))
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"


def get(server, *args, **kwargs):
    return run("get", *args, "--server", server.location, **kwargs)


csv.field_size_limit(1 << 30)  # a ledger is one cell


def csv_sequences(output):
    return [int(row["ledger_sequence"]) for row in csv.DictReader(io.StringIO(output.decode()))]


def test_csv_has_a_header_and_a_line_a_row(server):
    done = get(server, WHOLE, "--columns", "ledger_sequence,transaction_count", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout.decode())))
    assert rows[0] == ["ledger_sequence", "transaction_count"]
    assert [list(map(int, row)) for row in rows[1:]] == [
        [s, ledgers.PUBLISHED[s][0]] for s in ALL]


def test_jsonl_has_an_object_a_row(server):
    done = get(server, WHOLE, "--columns", "ledger_sequence,operation_count", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"ledger_sequence": s, "operation_count": ledgers.PUBLISHED[s][2]} for s in ALL]


def test_arrow_is_the_stream_that_the_server_sends(server, client):
    done = get(server, WHOLE, "--format", "arrow")
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(done.stdout) as reader:
        assert reader.read_all().equals(read(client, WHOLE).ended().table)


def test_table_is_for_people(server):
    done = get(server, WHOLE, "--columns", "ledger_sequence,ledger_hash", "--format", "table")
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert "ledger_sequence" in text and all(str(s) in text for s in ALL)


def test_null_reads_everything_and_writes_nothing(server):
    done = get(server, WHOLE, "--format", "null", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert last_json(done.stdout)["rows"] == {TABLE: 6}


def test_summary_is_the_last_line_of_stderr_where_stdout_is_data(server):
    done = get(server, WHOLE, "--format", "csv", "--json")
    assert done.returncode == 0, done.stderr
    assert csv_sequences(done.stdout) == ALL
    summary = last_json(done.stderr)
    assert set(summary) >= {"first", "last", "ledgers", "rows", "bytes_raw", "bytes_compressed",
                            "seconds"}
    assert summary["bytes_compressed"] is None  # Flight does not tell
    assert (summary["first"], summary["last"], summary["ledgers"]) == (FIRST, NEWEST, 6)
    assert summary["rows"] == {TABLE: 6}
    assert summary["seconds"] > 0


def test_output_goes_to_the_file_and_the_summary_to_stdout(server, tmp_path):
    target = tmp_path / "rows.csv"
    done = get(server, WHOLE, "--format", "csv", "--output", target, "--json")
    assert done.returncode == 0, done.stderr
    assert csv_sequences(target.read_bytes()) == ALL
    assert last_json(done.stdout)["ledgers"] == 6
    assert list(tmp_path.iterdir()) == [target]


def test_gap_gives_the_rows_before_it_and_exit_code_1(lake, pubnet):
    with serve(lake(without(pubnet, FIRST + 3))) as server:
        done = get(server, WHOLE, "--columns", "ledger_sequence", "--format", "csv")
    assert done.returncode == 1
    assert csv_sequences(done.stdout) == ALL[:3]
    assert "DATA_LOSS" in done.stderr and str(FIRST + 3) in done.stderr


def test_open_range_is_followed_row_by_row(lake, pubnet):
    source = lake(without(pubnet, NEWEST))
    with serve(source) as server:
        with subprocess.Popen(
                [program.PROGRAM, "get", f"{TABLE}:{FIRST}", "--server", server.location,
                 "--columns", "ledger_sequence", "--format", "jsonl"], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=environment(),
                # Who runs the tests in a shell's background lets them ignore this signal.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as following:
            # Should nothing come, the end of the program ends the reading.
            limit = threading.Timer(60, following.kill)
            limit.start()
            lines = [following.stdout.readline() for _ in range(5)]
            assert [json.loads(line or "{}").get("ledger_sequence") for line in lines] == ALL[:5]
            ledgers.put_object(source, {NEWEST: pubnet[NEWEST]})
            assert json.loads(following.stdout.readline() or "{}") == {"ledger_sequence": NEWEST}
            started = time.monotonic()
            following.send_signal(signal.SIGINT)
            following.wait(20)
            assert time.monotonic() - started < 10
            limit.cancel()


def test_start_of_a_ticket_means_the_same(server):
    done = get(server, f"{TABLE}:0:{FIRST}", "--columns", "ledger_sequence", "--format", "csv")
    assert csv_sequences(done.stdout) == [FIRST]


@pytest.mark.parametrize("request_text", ["nothing", f"{TABLE}:abc", f"{TABLE}:5:4", f"{TABLE}:"])
def test_bad_request_fails_without_rows(server, request_text):
    done = get(server, request_text, "--format", "csv")
    assert done.returncode in (1, 2)
    assert done.stdout == b""
    assert done.stderr


def test_unknown_column_is_refused_with_the_columns_there_are(server):
    done = get(server, WHOLE, "--columns", "ledger_sequence,nonsense", "--format", "csv")
    assert done.returncode in (1, 2)
    assert "nonsense" in done.stderr and "ledger_hash" in done.stderr


def test_column_that_is_no_text_is_refused(server):
    done = get(server, WHOLE, "--columns", b"\xff".decode(errors="surrogateescape"))
    assert done.returncode == 2
    assert "unknown column" in done.stderr


def test_columns_of_a_json_request_are_the_columns(server):
    request = {"table": TABLE, "start": FIRST, "end": NEWEST, "columns": ["ledger_sequence"]}
    done = get(server, json.dumps(request), "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split() == ["ledger_sequence", *map(str, ALL)]


def test_folder_as_output_is_refused_by_name(server, tmp_path):
    done = get(server, WHOLE, "--output", tmp_path)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr and not list(tmp_path.iterdir())


def test_no_server_is_an_error_that_names_the_address():
    done = run("get", WHOLE, "--server", "grpc://127.0.0.1:1", "--format", "csv", timeout=60)
    assert done.returncode == 1
    assert "127.0.0.1:1" in done.stderr
