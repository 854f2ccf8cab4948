"""Named checkpoints: a client that comes back with a name goes on where it said that it was."""

import hashlib
import json
import os
import shutil
import signal
import subprocess

import pyarrow as pa
import pytest

import ledgers
import program
from checkpoints import Client
from program import TABLE, Server, eventually, run, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
ALL = list(range(FIRST, NEWEST + 1))
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def named(folder):
    """A server whose folder is chosen."""
    with serve(ledgers.PUBNET_LAKE, "--batch-size", "1", env={"CHECKPOINT_DIR": str(folder)}) as running:
        yield running


def on_disk(folder, name):
    path = folder / f"stream_{name}.checkpoint"
    return json.loads(path.read_text()) if path.exists() else None


def refused(ask, *words):
    with pytest.raises((pa.ArrowInvalid, KeyError, pa.ArrowException)) as caught:
        ask()
    for word in words:
        assert str(word) in str(caught.value)
    return str(caught.value)


def test_stream_goes_on_after_what_was_acknowledged(named, folder):
    with Client(named) as client:
        sequences, cursors = client.read(WHOLE, "mine")
        assert sequences == ALL and client.name == "mine"
        assert on_disk(folder, "mine") is None, "nobody has acknowledged anything"
        for position in (2, 4, 1, 3):
            cursor = cursors[position]
            assert client.ack("mine", cursor) == {
                "checkpoint_id": "mine", "last_processed": cursor["last"], "durable": True}
            kept = on_disk(folder, "mine")
            assert kept["last_processed"] == cursor["last"] and kept["acknowledged"]
            more, later = client.read(WHOLE, "mine")
            assert more == [sequence for sequence in ALL if sequence > cursor["last"]]
            assert later[-1]["digest"] == cursors[-1]["digest"]
        # An open range, and one without a start, go on from there as well.
        assert client.read(f"{TABLE}:{FIRST}", "mine", take=1)[0] == [FIRST + 4]
        assert client.read(TABLE, "mine", take=1)[0] == [FIRST + 4]
        # One that is at the end gives no rows.
        client.ack("mine", cursors[-1])
        assert client.read(WHOLE, "mine") == ([], [])
        # Another name begins at the start, and so does this one once it is removed.
        assert client.read(WHOLE, "other")[0] == ALL
        assert client.remove("mine") == {"checkpoint_id": "mine", "removed": True}
        assert client.read(WHOLE, "mine")[0] == ALL
        refused(lambda: client.remove("mine"), "NOT_FOUND", "mine")


def test_client_with_its_name_goes_on_after_a_restart(folder):
    env = {"CHECKPOINT_DIR": str(folder)}
    server = Server(ledgers.PUBNET_LAKE, "--batch-size", "1", env=env)
    with Client(server) as client:
        _, cursors = client.read(WHOLE, "mine", take=3)
        client.ack("mine", cursors[2])
    server.kill()
    with serve(ledgers.PUBNET_LAKE, env=env) as server, Client(server) as client:
        assert client.read(WHOLE, "mine")[0] == ALL[3:]


def test_file_is_for_jq_and_has_the_fields_of_the_original(named, folder):
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")
        client.ack("mine", cursors[3])
    text = (folder / "stream_mine.checkpoint").read_text()
    kept = json.loads(text)
    assert list(kept)[:8] == ["stream_id", "start_ledger", "end_ledger", "last_processed",
                              "processed_count", "bytes_processed", "last_checkpoint", "metadata"]
    assert (kept["stream_id"], kept["last_processed"]) == ("mine", FIRST + 3)
    assert (kept["start_ledger"], kept["end_ledger"]) == (FIRST, NEWEST)
    assert kept["processed_count"] == 4
    for field in ("network", "table", "last_hash", "rows", "digest", "schema"):
        assert kept[field] == cursors[3][field]
    checksum = kept.pop("checksum")
    compact = json.dumps(kept, separators=(",", ":"))
    assert hashlib.sha256(compact.encode()).hexdigest() == checksum
    if shutil.which("jq"):
        printed = subprocess.run(["jq", "-cj", "del(.checksum)"], input=text.encode(),
                                 capture_output=True, check=True).stdout
        assert hashlib.sha256(printed).hexdigest() == checksum
    assert os.stat(folder).st_mode & 0o777 == 0o700
    assert os.stat(folder / "stream_mine.checkpoint").st_mode & 0o777 == 0o600


def test_checkpoint_outside_of_the_range_is_refused_with_both_numbers(named):
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")
        client.ack("mine", cursors[2])
        for ticket, words in [(f"{TABLE}:{FIRST + 4}:{NEWEST}", [FIRST + 3, FIRST + 4]),
                              (f"{TABLE}:{FIRST}:{FIRST + 1}", [FIRST + 2, FIRST + 1])]:
            refused(lambda: client.read(ticket, "mine"), "FAILED_PRECONDITION", "checkpoint 'mine'",
                    *words)
        refused(lambda: client.read(f"operations:{FIRST}:{NEWEST}", "mine"), "checkpoint 'mine'",
                "operations", TABLE)
        # It begins right behind it, or ends right at it.
        assert client.read(f"{TABLE}:{FIRST + 3}:{NEWEST}", "mine")[0] == ALL[3:]
        assert client.read(f"{TABLE}:{FIRST}:{FIRST + 2}", "mine")[0] == []
        # A cursor in the request counts more.
        assert client.read(WHOLE, "mine", cursors[0])[0] == ALL[1:]
        # But not one of another table, whose stream would take the checkpoint's place.
        other = f"operations:{FIRST}:{NEWEST}"
        _, of_operations = client.read(other, "other")
        refused(lambda: client.read(other, "mine", of_operations[0]), "FAILED_PRECONDITION",
                "checkpoint 'mine'", "operations", TABLE)


def test_checkpoint_of_another_network_is_refused_with_both(folder, named):
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")
        client.ack("mine", cursors[2])
    named.stop()
    with serve("synthetic:?count=20", env={"CHECKPOINT_DIR": str(folder)}) as server, \
            Client(server) as client:
        refused(lambda: client.read(TABLE, "mine"), "checkpoint 'mine'")
        refused(lambda: client.ack("mine", cursors[3]), "FAILED_PRECONDITION", cursors[3]["network"])


def test_stream_without_a_name_is_given_one(named, client):
    with Client(named) as reader:
        names = set()
        for _ in range(3):
            _, cursors = reader.read(WHOLE)
            names.add(reader.name)
        assert len(names) == 3 and all(name.startswith(TABLE + "-") for name in names)
        name = reader.name
        reader.ack(name, cursors[1])
        assert reader.read(WHOLE, name)[0] == ALL[2:]


def test_bad_names_are_refused_and_touch_nothing(named, folder):
    """The original put the client's name into a path as it came."""
    outside = folder.parent
    before = sorted(path.name for path in outside.iterdir())
    bad = ["", ".", "..", "...", "../x", "a/b", "/etc/x", "a b", "a\\b", "%2e%2e", "a%2fb", "x" * 65,
           "x" * 4000, "a:b", "a*b", "a?b", "~", "$HOME", "`id`", "a;b", "a|b", "a&b", "'a'", '"a"',
           "a<b", "a>b", "{a}", "[a]", "a!b", "a#b", "a@b", "a=b", "a+b", "a,b", "a^b", "(a)"]
    odd = ["a\tb", "a\nb", "a\0b", "ä", "\u202e", "../stream_mine", "stream_x/../../y"]
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "good")
        for name in bad:
            refused(lambda: client.read(WHOLE, name), "INVALID_ARGUMENT")
        for name in bad + odd:
            refused(lambda: client.ack(name, cursors[1]), "INVALID_ARGUMENT")
            refused(lambda: client.remove(name), "INVALID_ARGUMENT")
        client.ack("..a", cursors[1])
        client.ack("A", cursors[1])
        client.ack("a", cursors[2])
        assert client.list()["A"]["last_processed"] == FIRST + 1
    assert sorted(path.name for path in outside.iterdir()) == before
    assert {path.name for path in folder.iterdir()} == {
        "lock", "stream_..a.checkpoint", "stream_A.checkpoint", "stream_a.checkpoint"}


def test_stream_from_the_first_ledger_there_is_has_a_checkpoint_like_any(named, folder):
    """The original began at the ledger before: that of 0 is 4294967295."""
    with Client(named) as client:
        _, cursors = client.read(f"{TABLE}:0:{NEWEST}", "zero", take=2)
        client.ack("zero", cursors[0])
        kept = on_disk(folder, "zero")
        assert (kept["start_ledger"], kept["last_processed"]) == (FIRST, FIRST)
        assert kept["processed_count"] == 1
        assert client.read(f"{TABLE}:0:{NEWEST}", "zero")[0] == ALL[1:]
        assert client.read(f"{TABLE}:0", "zero", take=1)[0] == [FIRST + 1]
    # Where no ledger comes before the first one there can be.
    with serve("synthetic:?count=5", "--batch-size", "1",
               env={"CHECKPOINT_DIR": str(folder) + "2"}) as server, Client(server) as client:
        _, cursors = client.read(f"{TABLE}:0:6", "zero")
        assert [cursor["first"] for cursor in cursors] == [2, 3, 4, 5, 6]
        for cursor in (cursors[0] | {"last": 0}, cursors[0] | {"first": 0, "last": None, "last_hash": None}):
            with pytest.raises(pa.ArrowException):
                client.read(f"{TABLE}:0:6", "zero", cursor)


def test_bad_bodies_are_refused_by_their_field(named):
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")
        good = {"checkpoint_id": "mine", "cursor": cursors[0]}
        for body, word in [(b"", "JSON"), (b"7", "JSON"), ({}, "checkpoint_id"),
                           ({"checkpoint_id": "mine"}, "cursor is missing"),
                           (good | {"more": 1}, "more"), (good | {"checkpoint_id": 7}, "checkpoint_id"),
                           (good | {"cursor": 7}, "cursor"),
                           (good | {"cursor": cursors[0] | {"v": 2}}, "version"),
                           (good | {"cursor": cursors[0] | {"table": "x"}}, "x"),
                           (b"x" * 5000, "4096")]:
            refused(lambda: client.act("ack", body), "INVALID_ARGUMENT", word)
        refused(lambda: client.act("nothing"), "unknown action", "checkpoint.ack")
        assert {action.type for action in client.actions()} == {
            "checkpoint.ack", "checkpoint.list", "checkpoint.remove"}
        assert client.list() == {}


def test_acknowledgement_before_the_first_ledger_is_complete_changes_nothing(folder):
    with serve(ledgers.PUBNET_LAKE, "--batch-size", "30", env={"CHECKPOINT_DIR": str(folder)}) as server, \
            Client(server) as client:
        _, cursors = client.read(f"operations:{FIRST}:{NEWEST}", "mine", take=8)
        assert cursors[0]["last"] is None and cursors[-1]["last"] == FIRST
        assert client.ack("mine", cursors[0]) == {
            "checkpoint_id": "mine", "last_processed": None, "durable": True}
        assert on_disk(folder, "mine") is None
        client.ack("mine", cursors[-1])
        assert client.ack("mine", cursors[0])["last_processed"] == FIRST
        assert client.read(f"operations:{FIRST}:{NEWEST}", "mine", take=1)[0][0] == FIRST + 1


def test_torn_foreign_or_newer_file_is_named_and_refused_and_others_are_not_touched(named, folder):
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")
        for number, name in enumerate(["good", "torn", "newer", "swapped"], 1):
            client.ack(name, cursors[number])
        text = (folder / "stream_torn.checkpoint").read_text()
        (folder / "stream_torn.checkpoint").write_text(text[:200])
        (folder / "stream_newer.checkpoint").write_text(text.replace('"format": 1', '"format": 2'))
        shutil.copy(folder / "stream_good.checkpoint", folder / "stream_swapped.checkpoint")
        (folder / "stream_original.checkpoint").write_text(json.dumps(
            {"stream_id": "original", "start_ledger": FIRST, "end_ledger": 0, "last_processed": FIRST,
             "processed_count": 1, "bytes_processed": 5, "last_checkpoint": "2026-11-26T11:00:00Z"}))
        (folder / "stream_link.checkpoint").symlink_to(folder / "stream_good.checkpoint")
        for name, word in [("torn", "torn"), ("newer", "newer"), ("swapped", "good"),
                           ("original", "not of this program"), ("link", "link")]:
            path = f"{folder}/stream_{name}.checkpoint"
            refused(lambda: client.read(WHOLE, name), "FAILED_PRECONDITION", path, word)
            refused(lambda: client.ack(name, cursors[0]), path, word)
            assert path in client.list()[name]["error"]
        assert client.read(WHOLE, "good")[0] == ALL[2:]
        client.remove("torn")
        assert client.read(WHOLE, "torn")[0] == ALL


def test_signal_and_a_client_that_dies_between_rows_and_acknowledgement_move_nothing(folder):
    env = {"CHECKPOINT_DIR": str(folder), "CHECKPOINT_INTERVAL": "100ms"}
    with serve(ledgers.PUBNET_LAKE, env=env) as server, Client(server) as client:
        _, (cursor,) = client.read(f"{TABLE}:{FIRST}:{FIRST}", "mine")
        client.ack("mine", cursor)
    kept = (folder / "stream_mine.checkpoint").read_bytes()
    for taken in range(1, 6):
        server = Server(ledgers.PUBNET_LAKE, "--batch-size", "1", env=env)
        with Client(server) as client:
            assert client.read(f"{TABLE}:{FIRST}", "mine", take=taken)[0] == ALL[1:taken + 1]
        assert server.stop(signal.SIGTERM if taken % 2 else signal.SIGINT) == 0
        assert (folder / "stream_mine.checkpoint").read_bytes() == kept


@pytest.fixture(scope="module")
def big_lake(tmp_path_factory):
    chain = ledgers.make_chain(1000, [900_000] * 60)
    return ledgers.write_lake(tmp_path_factory.mktemp("big") / "lake", chain)


def test_automatic_checkpoint_stays_behind_what_was_sent_and_says_so(folder, big_lake):
    """The original moved it as soon as a ledger was read."""
    env = {"CHECKPOINT_DIR": str(folder), "CHECKPOINT_INTERVAL": "100ms"}
    with serve(big_lake, env=env) as server, Client(server) as client:
        reader = client.start(f"{TABLE}:1000:1059", "auto")
        got = []
        for _ in range(15):
            got += reader.read_chunk().data.column("ledger_sequence").to_pylist()
        eventually(lambda: on_disk(folder, "auto") is not None)
        kept = on_disk(folder, "auto")
        assert kept["acknowledged"] is False
        assert client.list()["auto"]["acknowledged"] is False
        rest = [chunk.data.column("ledger_sequence").to_pylist() for chunk in reader]
        batches = rest[-8:]
        eventually(lambda: server.log.count(" ended ") == 1)
        kept = on_disk(folder, "auto")
        # Even of a stream that ended well: four batches, and 8 MiB, are not thought to be there.
        assert 1000 < kept["last_processed"] < batches[-4][0]
        assert kept["last_processed"] <= 1059 - 8
        name = None
        sequences, _ = client.read(f"{TABLE}:1000:1059", "auto")
        assert sequences == list(range(kept["last_processed"] + 1, 1060))
        # One without a name is kept too, as the folder was chosen.
        client.read(f"{TABLE}:1000:1059")
        name = client.name
        eventually(lambda: on_disk(folder, name) is not None)
    with serve(big_lake, env=env) as server, Client(server) as client:
        assert client.read(f"{TABLE}:1000:1059", name)[0][-1] == 1059


def test_acknowledged_checkpoint_is_not_moved_by_the_automatic_one(folder, big_lake):
    env = {"CHECKPOINT_DIR": str(folder), "CHECKPOINT_INTERVAL": "100ms"}
    with serve(big_lake, env=env) as server, Client(server) as client:
        _, cursors = client.read(f"{TABLE}:1000:1059", "mine", take=1)
        client.ack("mine", cursors[0])
        kept = (folder / "stream_mine.checkpoint").read_bytes()
        client.read(f"{TABLE}:1000:1059", "mine")
        client.read(f"{TABLE}:1000:1059", "other")
        eventually(lambda: on_disk(folder, "other") is not None)
        assert (folder / "stream_mine.checkpoint").read_bytes() == kept


def test_age_of_the_oldest_checkpoint_of_a_running_stream_is_a_metric(folder, lake, pubnet):
    with serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(folder)}) as server, \
            Client(server) as client:
        assert "checkpoint_age_seconds" not in server.metrics()
        reader = client.start(f"{TABLE}:{FIRST}", "mine")
        assert reader.read_chunk().data.num_rows
        assert 0 <= server.metrics()["checkpoint_age_seconds"] < 60
        reader.cancel()


def test_second_server_is_refused_with_the_name_of_the_first(tmp_path, folder):
    env = {"CHECKPOINT_DIR": str(folder)}
    first = Server(ledgers.PUBNET_LAKE, env=env)
    second = run("serve", "--source", ledgers.PUBNET_LAKE, env=env | {
        "ARROW_PORT": "0", "METRICS_PORT": "0", "HEALTH_PORT": "0"})
    assert second.returncode == 2
    assert str(folder) in second.stderr and f"pid {first.pid}" in second.stderr
    assert first.location in second.stderr
    # The command reads all the same, and has the server do the rest.
    with Client(first) as client:
        _, cursors = client.read(WHOLE, "mine")
        client.ack("mine", cursors[0])
    assert "mine" in run("checkpoint", "list", env=env).stdout.decode()
    held = run("checkpoint", "remove", "mine", env=env)
    assert held.returncode == 2 and f"pid {first.pid}" in held.stderr and "--server" in held.stderr
    # The lock is the kernel's: it ends with the process.
    first.kill()
    with serve(ledgers.PUBNET_LAKE, env=env):
        pass


@pytest.mark.parametrize("bad", ["link", "file", "open", "somebody"])
def test_folder_that_is_not_the_servers_own_is_refused(tmp_path, bad):
    folder = tmp_path / "folder"
    if bad == "link":
        (tmp_path / "real").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "real")
    elif bad == "file":
        folder.write_text("")
    elif bad == "open":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        if os.geteuid() != 0:
            pytest.skip("needs root")
        folder.mkdir(mode=0o700)
        os.chown(folder, 12345, 12345)
    done = run("serve", "--source", ledgers.PUBNET_LAKE, env={
        "CHECKPOINT_DIR": str(folder), "ARROW_PORT": "0", "METRICS_PORT": "0", "HEALTH_PORT": "0"})
    assert done.returncode == 2
    assert str(folder) in done.stderr and "CHECKPOINT_DIR" in done.stderr


def test_command_does_the_same_in_a_folder_and_at_a_server(folder, named):
    env = {"CHECKPOINT_DIR": str(folder)}
    with Client(named) as client:
        _, cursors = client.read(WHOLE, "mine")

    def check(*where):
        command = lambda *args: run("checkpoint", *args, *where, env=env)
        done = command("ack", "mine", json.dumps(cursors[2]))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "checkpoint_id": "mine", "last_processed": FIRST + 2, "durable": True}
        (line,) = command("list").stdout.decode().splitlines()
        assert json.loads(line)["last_processed"] == FIRST + 2
        assert json.loads(command("show", "mine").stdout) == json.loads(line)
        assert command("show", "other").returncode == 1
        assert command("ack", "mine", "{}").returncode == 2
        assert command("remove", "../x").returncode == 2
        assert json.loads(command("remove", "mine").stdout)["removed"]
        assert command("remove", "mine").returncode == 1
        assert command("list").stdout == b""

    check("--server", named.location)
    named.stop()
    check()


def test_get_goes_on_by_cursor_and_by_checkpoint(named, tmp_path):
    def get(*args):
        done = run("get", "--server", named.location, "--columns", "ledger_sequence", "--format", "csv",
                   "--json", *args)
        assert done.returncode == 0, done.stderr
        return list(map(int, done.stdout.decode().split()[1:])), program.last_json(done.stderr)

    rows, summary = get(f"{TABLE}:{FIRST}:{FIRST + 2}")
    assert rows == ALL[:3] and summary["cursor"]["last"] == FIRST + 2
    (tmp_path / "cursor").write_text(json.dumps(summary["cursor"]))
    assert get(WHOLE, "--cursor", json.dumps(summary["cursor"]))[0] == ALL[3:]
    assert get(WHOLE, "--cursor", f"@{tmp_path}/cursor")[0] == ALL[3:]
    assert get(f"{TABLE}:{FIRST}:{FIRST + 1}", "--checkpoint", "nightly")[0] == ALL[:2]
    assert get(f"{TABLE}:{FIRST}:{FIRST + 3}", "--checkpoint", "nightly")[0] == ALL[2:4]
    done = run("get", "--server", named.location, WHOLE, "--columns", "ledger_sequence",
               "--checkpoint", "nightly", "--output", tmp_path / "rows.csv")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rows.csv").read_text().split()[1:] == list(map(str, ALL[4:]))
    assert get(WHOLE, "--checkpoint", "nightly")[0] == []
