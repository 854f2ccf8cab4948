"""`export`: tables to files or a pipe without a server. Never waits, never skips."""

import csv
import io
import json
import os
import pty
import re
import resource
import subprocess
import threading

import pyarrow as pa
import pytest

import ledgers
import program
from ledgers import without
from program import TABLE, last_json, read, run

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
ALL = list(range(FIRST, NEWEST + 1))
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"


def export(request, source, *args, **kwargs):
    return run("export", request, "--source", source, *args, **kwargs)


csv.field_size_limit(1 << 30)  # a ledger is one cell


def csv_sequences(output):
    return [int(row["ledger_sequence"]) for row in csv.DictReader(io.StringIO(output.decode()))]


@pytest.mark.parametrize("request_text,want", [
    (TABLE, ALL), (WHOLE, ALL),
    (f"{TABLE}:{FIRST + 2}", ALL[2:]), (f"{TABLE}:{FIRST + 2}:", ALL[2:]),
    (f"{TABLE}:{FIRST + 2}:0", ALL[2:]), (f"{TABLE}:0", ALL), (f"{TABLE}:0:{FIRST}", [FIRST]),
    (f"{TABLE}:{FIRST + 1}:{FIRST + 1}", [FIRST + 1])])
def test_range_ends_at_the_newest_and_never_waits(request_text, want):
    done = export(request_text, ledgers.PUBNET_LAKE, "--columns", "ledger_sequence", "--format",
                  "csv", timeout=60)
    assert done.returncode == 0, done.stderr
    assert csv_sequences(done.stdout) == want


def test_arrow_file_equals_what_the_server_sends(client, tmp_path):
    target = tmp_path / "ledgers.arrows"
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--format", "arrow", "--output", target)
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(target.read_bytes()) as reader:
        table = reader.read_all()
    assert table.equals(read(client, WHOLE).ended().table)
    assert list(tmp_path.iterdir()) == [target]


def test_same_request_gives_the_same_bytes_with_any_number_of_threads(tmp_path):
    chain = ledgers.make_chain(64, [i * 977 % 60_000 for i in range(200)])
    lake = ledgers.write_lake(tmp_path / "lake", chain)
    outputs = [export(TABLE, lake, "--format", "arrow", "--threads", threads).stdout
               for threads in (1, 2, 3, 8)]
    assert len(outputs[0]) > sum(map(len, chain.values()))
    assert all(output == outputs[0] for output in outputs)


@pytest.mark.parametrize("kind,ending", [("arrow", "arrows"), ("csv", "csv"), ("jsonl", "jsonl")])
def test_folder_gets_one_file_a_table(tmp_path, kind, ending):
    target = tmp_path / "out"
    target.mkdir()
    done = export(TABLE, ledgers.PUBNET_LAKE, "--format", kind, "--output", target)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in target.iterdir()] == [f"{TABLE}.{ending}"]
    content = (target / f"{TABLE}.{ending}").read_bytes()
    if kind == "arrow":
        with pa.ipc.open_stream(content) as reader:
            assert reader.read_all().column("ledger_sequence").to_pylist() == ALL
    elif kind == "csv":
        assert csv_sequences(content) == ALL
    else:
        assert [json.loads(line)["ledger_sequence"] for line in content.splitlines()] == ALL


def test_summary_counts_ledgers_rows_and_bytes(pubnet):
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--format", "null", "--json")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    summary = last_json(done.stdout)
    stored = sum(ledgers.object_path(ledgers.PUBNET_LAKE, s).stat().st_size for s in ALL)
    assert summary.pop("seconds") > 0
    assert summary == {"first": FIRST, "last": NEWEST, "ledgers": 6, "rows": {TABLE: 6},
                       "bytes_raw": sum(map(len, pubnet.values())), "bytes_compressed": stored}


def test_summary_is_the_last_line_of_stderr_where_stdout_is_data():
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--format", "jsonl", "--json")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["ledger_sequence"] for line in done.stdout.splitlines()] == ALL
    assert last_json(done.stderr)["ledgers"] == 6


@pytest.mark.parametrize("request_text", [TABLE, WHOLE])
def test_gap_ends_it_with_an_error_after_the_rows_before(lake, pubnet, request_text):
    done = export(request_text, lake(without(pubnet, FIRST + 3)), "--columns", "ledger_sequence",
                  "--format", "csv")
    assert done.returncode == 1
    assert csv_sequences(done.stdout) == ALL[:3]
    assert "DATA_LOSS" in done.stderr and str(FIRST + 3) in done.stderr


def test_file_of_a_failed_export_holds_the_rows_before_the_fault(lake, pubnet, tmp_path):
    target = tmp_path / "out" / "ledgers.csv"
    target.parent.mkdir()
    done = export(WHOLE, lake(without(pubnet, FIRST + 3)), "--format", "csv", "--output", target)
    assert done.returncode == 1
    assert csv_sequences(target.read_bytes()) == ALL[:3]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("kind", ["table", "csv", "jsonl", "arrow"])
def test_output_that_cannot_be_written_is_an_error(kind):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [program.PROGRAM, "export", WHOLE, "--source", str(ledgers.PUBNET_LAKE), "--format",
             kind], stdout=full, stderr=subprocess.PIPE, env=program.environment(), timeout=60,
            check=False)
    assert done.returncode == 1
    assert done.stderr


def test_file_that_cannot_be_written_whole_is_removed(tmp_path):
    done = subprocess.run(
        [program.PROGRAM, "export", WHOLE, "--source", str(ledgers.PUBNET_LAKE), "--output",
         str(tmp_path / "ledgers.arrows")], capture_output=True, env=program.environment(),
        timeout=60, check=False, restore_signals=False,  # SIGXFSZ stays ignored, as here
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
    assert done.returncode == 1
    assert "ledgers.arrows" in done.stderr.decode()
    assert not list(tmp_path.iterdir())


def test_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    content = []
    reader = threading.Thread(target=lambda: content.append(pipe.read_bytes()), daemon=True)
    reader.start()
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--columns", "ledger_sequence", "--format", "csv",
                  "--output", pipe, timeout=60)
    reader.join(60)
    assert done.returncode == 0, done.stderr
    assert csv_sequences(content[0]) == ALL
    assert pipe.is_fifo() and list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("there", [True, False])
def test_link_stays_a_link_to_the_file_that_is_written(tmp_path, there):
    target, link = tmp_path / "ledgers.csv", tmp_path / "link.csv"
    if there:
        target.write_text("old")
    link.symlink_to("ledgers.csv")
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--columns", "ledger_sequence", "--output", link)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert csv_sequences(target.read_bytes()) == ALL


def test_output_whose_name_is_too_long_is_an_error_that_names_it(tmp_path):
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--output", tmp_path / ("x" * 300))
    assert done.returncode == 1
    assert "xxx" in done.stderr and "too long" in done.stderr


def test_progress_bar_on_a_terminal_leaves_the_rows_alone():
    try:
        terminal, child_end = pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal here: {error}")
    with subprocess.Popen(
            [program.PROGRAM, "export", WHOLE, "--source", str(ledgers.PUBNET_LAKE), "--columns",
             "ledger_sequence", "--format", "csv", "--batch-size", "1"],
            stdin=subprocess.DEVNULL, stdout=child_end, stderr=child_end,
            env=program.environment()) as process:
        os.close(child_end)
        shown = b""
        while True:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(terminal)
    assert process.returncode == 0
    assert b"export [" in shown
    # What a terminal shows of a line is what comes after the bar has been wiped off it.
    lines = [re.sub(r".*\x1b\[K", "", line) for line in shown.decode().replace("\r\n", "\n")
             .split("\n")]
    assert lines[:7] == ["ledger_sequence", *map(str, ALL)]


def test_flipped_bit_ends_it_with_an_error(lake, pubnet):
    source = lake(pubnet)
    ledgers.flip_bit(ledgers.object_path(source, FIRST + 3), 12 + 60)
    done = export(WHOLE, source, "--columns", "ledger_sequence", "--format", "csv")
    assert done.returncode == 1
    assert csv_sequences(done.stdout) == ALL[:3]
    assert "hash" in done.stderr


def test_anchor_outside_the_range_is_warned_of(pubnet):
    anchor = f"{FIRST + 3}:{ledgers.ledger_hash(pubnet[FIRST + 3]).hex()}"
    for end, warned in ((FIRST + 1, True), (FIRST + 3, False)):
        done = run("export", f"{TABLE}:{FIRST}:{end}", "--source", ledgers.PUBNET_LAKE, "--anchor", anchor,
                   "--format", "null")
        assert done.returncode == 0, done.stderr
        assert ("anchor" in done.stderr) is warned


def test_full_verification_passes_on_the_public_network():
    done = export(WHOLE, ledgers.PUBNET_LAKE, "--verify", "full", "--format", "null", "--json")
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ledgers"] == 6


@pytest.mark.parametrize("request_text", [f"{TABLE}:{NEWEST + 1}", f"{TABLE}:{FIRST}:{NEWEST + 1}",
                                          f"{TABLE}:{FIRST - 1}:{NEWEST}", f"{TABLE}:1:5"])
def test_range_that_the_source_lacks_fails_at_once(request_text):
    done = export(request_text, ledgers.PUBNET_LAKE, "--format", "null", timeout=60)
    assert done.returncode == 1
    assert str(FIRST) in done.stderr or str(NEWEST) in done.stderr


@pytest.mark.parametrize("form", ["files", "files-zstd", "one-file", "framed", "framed-zstd",
                                  "stdin"])
def test_every_form_of_source_gives_the_same_rows(tmp_path, pubnet, form):
    stdin = b""
    if form == "files":
        source = ledgers.write_files(tmp_path / "files", pubnet)
    elif form == "files-zstd":
        source = tmp_path / "files"
        ledgers.write_files(source, {s: ledgers.compress(lcm) for s, lcm in pubnet.items()})
    elif form in ("one-file", "framed", "framed-zstd"):
        source = tmp_path / "core.xdr"
        data = ledgers.framed(pubnet)
        source.write_bytes(ledgers.compress(data) if form == "framed-zstd" else data)
        if form == "framed":
            source = f"framed:{source}"
    else:
        source, stdin = "framed:-", ledgers.framed(pubnet)
    done = export(f"{TABLE}:{FIRST + 1}:{NEWEST}", source, "--columns", "ledger_sequence",
                  "--format", "csv", stdin=stdin)
    assert done.returncode == 0, done.stderr
    assert csv_sequences(done.stdout) == ALL[1:]


def test_ledger_found_twice_counts_once(tmp_path, pubnet):
    source = ledgers.write_files(tmp_path / "files", pubnet)
    (source / "again.xdr").write_bytes(pubnet[FIRST + 1])
    done = export(TABLE, source, "--columns", "ledger_sequence", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert csv_sequences(done.stdout) == ALL


def test_two_different_ledgers_of_one_number_are_an_error(tmp_path, pubnet):
    source = ledgers.write_files(tmp_path / "files", pubnet)
    (source / "other.xdr").write_bytes(ledgers.make_chain(FIRST + 1, [0])[FIRST + 1])
    done = export(TABLE, source, "--format", "null")
    assert done.returncode == 1
    assert str(FIRST + 1) in done.stderr


def test_file_of_no_known_form_is_an_error_that_names_it(tmp_path, pubnet):
    source = ledgers.write_files(tmp_path / "files", pubnet)
    (source / "notes.txt").write_bytes(b"these are no ledgers\n")
    done = export(TABLE, source, "--format", "null")
    assert done.returncode == 1
    assert "notes.txt" in done.stderr


def test_stream_cut_off_inside_a_frame_is_an_error_after_the_whole_ones(tmp_path, pubnet):
    stream = tmp_path / "core.xdr"
    stream.write_bytes(ledgers.framed(pubnet)[:-50])
    done = export(TABLE, f"framed:{stream}", "--columns", "ledger_sequence", "--format", "csv")
    assert done.returncode == 1
    assert csv_sequences(done.stdout) in (ALL[:-1], [])


def test_missing_source_is_an_error_that_names_it(tmp_path):
    done = export(TABLE, tmp_path / "nowhere", "--format", "null")
    assert done.returncode in (1, 2)
    assert "nowhere" in done.stderr


def test_several_tables_are_named_once_each():
    done = export(f"{TABLE},nothing", ledgers.PUBNET_LAKE, "--format", "null")
    assert done.returncode in (1, 2)
    assert "nothing" in done.stderr and TABLE in done.stderr


def test_columns_of_several_tables_are_named_with_their_table(tmp_path):
    done = export(f"{TABLE},operations,transactions", ledgers.PUBNET_LAKE, "--columns",
                  f"operations.operation_type,{TABLE}.ledger_sequence,operations.ledger_sequence",
                  "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    columns = {}
    for path in tmp_path.iterdir():
        with pa.ipc.open_stream(path.read_bytes()) as reader:
            columns[path.stem] = reader.schema.names
    assert columns[TABLE] == ["ledger_sequence"]
    assert columns["operations"] == ["operation_type", "ledger_sequence"]
    assert len(columns["transactions"]) > 43  # all there are


@pytest.mark.parametrize("column", ["ledger_sequence", "operations", "ttp_events.amount",
                                    "operations.nothing", ".ledger_sequence"])
def test_column_of_none_of_several_tables_is_an_error_that_names_it(column):
    done = export(f"{TABLE},operations", ledgers.PUBNET_LAKE, "--columns", column, "--format", "null")
    assert done.returncode == 2
    assert column.removeprefix("operations.") in done.stderr
