"""Ledgers from a core that the program runs itself (a fake of one), and from a pipe: the same as from a
folder, whatever core dies of, and nothing of it left behind."""

import fcntl
import json
import os
import signal

import pyarrow.flight as flight
import pytest

import ledgers
from program import TABLE, Server, eventually, read, run, serve
from services import FAKE_CORE, NO_FLUSH, FakeCore, export

FIRST, COUNT = 5000, 200
LAST = FIRST + COUNT - 1


@pytest.fixture(scope="module")
def chain():
    return ledgers.make_chain(FIRST, [20_000] * COUNT)


@pytest.fixture
def fake(tmp_path, chain):
    return FakeCore(tmp_path, chain)


def test_rows_are_those_of_the_folder_to_the_byte(tmp_path, pubnet):
    fake = FakeCore(tmp_path, pubnet)
    want = export(ledgers.PUBNET_LAKE, ledgers.FIRST, ledgers.NEWEST, tmp_path / "folder")
    assert export(fake.url, ledgers.FIRST, ledgers.NEWEST, tmp_path / "core", env=fake.env) == want
    assert fake.commands() == ["new-db", f"catchup {ledgers.NEWEST}/6"]
    assert not fake.alive()


def test_rows_from_a_pipe_are_those_of_the_folder_to_the_byte(tmp_path, pubnet):
    last = ledgers.FIRST + 3
    frames = ledgers.framed({i: pubnet[i] for i in range(ledgers.FIRST, last + 1)})
    want = export(ledgers.PUBNET_LAKE, ledgers.FIRST, last, tmp_path / "folder")
    # All of it lies in the pipe: where its writer pauses, a batch ends.
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert os.write(write_end, frames) == len(frames)
    os.close(write_end)
    try:
        got = export("framed:-", ledgers.FIRST, last, tmp_path / "pipe", "--network", "pubnet",
                     stdin=read_end)
    finally:
        os.close(read_end)
    assert got == want


def test_a_core_that_dies_is_started_again_at_the_next_ledger(tmp_path, chain, fake):
    lake = ledgers.write_lake(tmp_path / "lake", chain, per_file=4)
    # Before its first byte, in the midst of a ledger, and between two.
    fake.die_behind(0, 50_000, 2 * (20_524 + 4))
    with serve(fake.url, *NO_FLUSH, env=fake.env) as server, server.connect() as client, \
            serve(lake, *NO_FLUSH) as plain, plain.connect() as plain_client:
        got = read(client, f"{TABLE}:{FIRST}:{LAST}").ended()
        want = read(plain_client, f"{TABLE}:{FIRST}:{LAST}").ended()
        assert got.sequences == list(chain)
        assert [batch.columns for batch in got.batches] == [batch.columns for batch in want.batches]
    assert len(fake.runs()) == 8
    assert not fake.alive()


def test_an_open_range_runs_core_at_the_tip_and_ends_it_with_its_stream(fake):
    with serve(fake.url, env=fake.env) as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST + 5}"))
        rows = []
        while len(rows) < COUNT - 5:
            rows += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        assert rows == list(range(FIRST + 5, LAST + 1))
        assert fake.commands() == ["new-db", f"catchup {FIRST + 4}/0", "run"]
        assert len(fake.alive()) == 1
        # One stream has core; another one is told so.
        refused = read(client, f"{TABLE}:{FIRST}:{LAST}")
        assert "one stream at a time" in str(refused.error)
        reader.cancel()
        eventually(lambda: not fake.alive())
        eventually(lambda: read(client, f"{TABLE}:{FIRST}:{FIRST}").error is None)


def test_a_program_named_from_here_is_found(tmp_path, fake):
    url = fake.url.replace(str(FAKE_CORE), os.path.relpath(FAKE_CORE))
    assert url != fake.url
    done = run("export", f"{TABLE}:{FIRST}:{FIRST}", "--format", "null", "--source", url,
               env=fake.env)
    assert done.returncode == 0, done.stderr


def test_a_configuration_that_was_readable_before_is_not_any_more(fake):
    written = fake.folder / "state" / "captive-core.cfg"
    written.write_text("x" * 10_000)
    written.chmod(0o644)
    done = run("export", f"{TABLE}:{FIRST}:{FIRST}", "--format", "null", "--source", fake.url,
               env=fake.env)
    assert done.returncode == 0, done.stderr
    assert written.stat().st_mode & 0o777 == 0o600
    assert "xxx" not in written.read_text()


def test_a_configuration_that_cannot_be_written_is_named(fake):
    (fake.folder / "state" / "captive-core.cfg").mkdir()
    done = run("export", f"{TABLE}:{FIRST}:{FIRST}", "--format", "null", "--max-attempts", "1",
               "--source", fake.url, env=fake.env)
    assert done.returncode == 1
    assert f"cannot write {fake.folder / 'state' / 'captive-core.cfg'}" in done.stderr
    assert not (fake.folder / "runs").exists()


def test_core_that_failed_is_used_again_though_another_source_stands_in(tmp_path, chain, fake):
    lake = ledgers.write_lake(tmp_path / "lake", chain, per_file=4)
    fake.die_behind(*range(5))
    with serve(f"{fake.url}\n{lake}", env=fake.env) as server, server.connect() as client:
        assert read(client, f"{TABLE}:{FIRST}:{LAST}").ended().sequences == list(chain)
        assert "catchup 5100/1" not in fake.commands()

        def is_used_again():
            assert read(client, f"{TABLE}:5100:5100").ended().sequences == [5100]
            return "catchup 5100/1" in fake.commands()
        eventually(is_used_again)


def test_beside_another_source_core_is_run_for_streams_alone(tmp_path, chain, fake):
    lake = ledgers.write_lake(tmp_path / "lake", chain, per_file=4)
    with serve(f"{fake.url}\n{lake}", env=fake.env) as server:
        eventually(lambda: json.loads(server.probe("/health")[2])["head_ledger"] == LAST)
        assert server.reasons() == []
        assert not (fake.folder / "runs").exists()


def test_nothing_of_core_is_left_by_a_server_that_ends_at_once(tmp_path):
    big = ledgers.make_chain(FIRST, [900_000] * 60)  # more than goes out unread
    fake = FakeCore(tmp_path, big)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    server = Server(fake.url.partition("&storage=")[0], env=fake.env | {"TMPDIR": str(temporary)})
    with server.connect() as client:
        stream = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        assert stream.read_chunk().data.num_rows
        assert fake.alive() and list(temporary.glob("stellar-arrow-core-*"))
        server.send(signal.SIGTERM)
        eventually(lambda: "stopping on signal" in server.log)
        server.send(signal.SIGTERM)
        assert server.wait() == 1
        eventually(lambda: not fake.alive())
        assert not list(temporary.glob("stellar-arrow-core-*"))
        del stream


def test_a_signal_ends_core_with_the_server(fake):
    with serve(fake.url, env=fake.env) as server, server.connect() as client:
        reader = client.do_get(flight.Ticket(f"{TABLE}:{FIRST}"))
        reader.read_chunk()
        assert server.stop() == 0
    assert not fake.alive()


def test_what_core_says_is_in_the_log_at_debug_and_its_last_words_in_the_error(fake):
    fake.die_behind(*range(5))
    secret = "https://me:pass-word@archive.example"
    with (fake.folder / "core.cfg").open("a") as config:
        config.write(f'[HISTORY.h1]\nget = "curl -sf {secret}/{{0}} -o {{1}}"\n')
    env = fake.env | {"FAKE_CORE_SAYS": f"cannot run curl -sf {secret}/history.json" + 1500 * " !"}
    with serve(fake.url, "--log-level", "debug", "--max-attempts", "2", env=env) as server, \
            server.connect() as client:
        ended = read(client, f"{TABLE}:{FIRST}:{LAST}")
        assert "was ended by signal 6" in str(ended.error)
        # Printable, cut short, and without what its configuration keeps to itself.
        assert "'fake core: what a ?[31mpity?[0m, cannot run curl -sf ***@***/history.json ! ! !" in str(
            ended.error)
        assert 250 * " !" not in str(ended.error)
        assert "pass-word" not in str(ended.error) + server.log
        assert "fake core: new-db" in server.log
        # Nothing of the server's is open in it, but the pipe.
        assert "fake core: descriptors [0, 1, 2]\n" in server.log
        assert "fake core: descriptors [0, 1, 2, 3]\n" in server.log


@pytest.mark.parametrize("config,why", [
    ("", "cannot read"), ("A = 1", "NETWORK_PASSPHRASE"), ("= 1", "core.cfg:1"),
    ('NETWORK_PASSPHRASE = "x"\nMETADATA_OUTPUT_STREAM = "fd:5"', "METADATA_OUTPUT_STREAM")])
def test_a_configuration_that_cannot_be_used_is_refused(tmp_path, config, why):
    (tmp_path / "core.cfg").write_text(config)
    done = run("export", f"{TABLE}:{FIRST}:{LAST}", "--source", f"core:{tmp_path / 'core.cfg'}")
    assert done.returncode != 0
    assert why in done.stderr


def test_a_program_that_is_not_there_is_named(tmp_path):
    (tmp_path / "core.cfg").write_text(f'NETWORK_PASSPHRASE = "{ledgers.PUBNET}"\n')
    done = run("export", f"{TABLE}:{FIRST}:{LAST}", "--format", "null", "--source",
               f"core:{tmp_path / 'core.cfg'}?program=/no/such/core")
    assert done.returncode == 2
    assert "cannot start /no/such/core" in done.stderr
