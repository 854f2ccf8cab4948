"""What a checkpoint survives: kills at every call, disks that fail at every call, full disks. What was
acknowledged stands, and never more than what was asked for."""

import errno
import json
import random
import signal
import threading
import time

import pyarrow as pa
import pytest

import disk
import ledgers
import preloaded
from checkpoints import Client
from program import TABLE, Server, run, serve

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
WHOLE = f"{TABLE}:{FIRST}:{NEWEST}"
CALLS = ("open", "write", "fsync", "close", "rename")

pytestmark = pytest.mark.skipif(preloaded.COMPILER is None, reason="no C compiler here")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return disk.build(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def faulty(library, folder):
    return disk.Disk(library, folder)


@pytest.fixture(scope="module")
def cursors():
    with serve(ledgers.PUBNET_LAKE, "--batch-size", "1") as server, Client(server) as client:
        return client.read(WHOLE)[1]


def ack(faulty, cursor, fault=None):
    return run("checkpoint", "ack", "mine", json.dumps(cursor), env=faulty.environment(fault))


def position(folder):
    """Where the checkpoint stands, as the next process reads it."""
    done = run("checkpoint", "list", "--checkpoint-dir", folder)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert len(lines) <= 1 and all("error" not in line for line in lines), lines
    return lines[0]["last_processed"] if lines else None


def check_order(calls):
    """Of one acknowledgement: write, sync, rename, sync the folder, answer."""
    kinds = [kind for kind, _ in calls]
    names = [name for _, name in calls]
    assert kinds == ["open", "write", "fsync", "close", "rename", "rename", "fsync", "reply"], calls
    temporary = names[0]
    assert temporary.startswith(".stream_mine.checkpoint.") and temporary.endswith(".tmp")
    assert names[1] == names[2] == names[3] == "/" + temporary
    assert names[4:6] == ["stream_mine.checkpoint.previous", "stream_mine.checkpoint"]
    assert names[6] == "/checkpoints"  # the folder


def test_acknowledgement_is_answered_when_file_and_folder_are_synced(faulty, cursors):
    """The original never synced anything."""
    with serve(ledgers.PUBNET_LAKE, env=faulty.environment()) as server, Client(server) as client:
        faulty.calls()
        for cursor in cursors * 3:
            client.ack("mine", cursor)
            check_order(faulty.calls())
    for cursor in cursors:
        assert ack(faulty, cursor).returncode == 0
        # The command's own answer comes past all that can be watched: when it has ended.
        check_order([call for call in faulty.calls() if call != ("open", "lock")] + [("reply", "")])


def kill_at_every_call(faulty, folder, cursors, rounds):
    """Returns how many kills came before the answer, and after."""
    lasts = [cursor["last"] for cursor in cursors]
    acknowledged = None
    answered = unanswered = 0
    for number in range(rounds):
        for when in ("before", "after"):
            for call in range(1, 20):
                cursor = cursors[(number + call) % len(cursors)]
                done = ack(faulty, cursor, f"any {call} {when}")
                if done.returncode == 0:
                    break  # it has no such call any more
                assert done.returncode == -signal.SIGKILL
                assert b"durable" not in done.stdout
                unanswered += 1
                stands = position(folder)
                assert stands in (acknowledged, cursor["last"]), "neither the one before nor this one"
                acknowledged = stands
            assert json.loads(done.stdout)["durable"]
            answered += 1
            acknowledged = position(folder)
            assert acknowledged == cursor["last"] in lasts
            # What the kills left behind is cleared away.
            assert {path.name for path in folder.iterdir()} == {
                "lock", "stream_mine.checkpoint", "stream_mine.checkpoint.previous"}
    return unanswered


def test_kill_at_any_call_leaves_what_was_acknowledged_or_what_was_asked_for(faulty, folder, cursors):
    assert kill_at_every_call(faulty, folder, cursors, 1) >= 2 * 7


@pytest.mark.nightly
def test_kill_at_any_call_fifty_times_over(faulty, folder, cursors):
    assert kill_at_every_call(faulty, folder, cursors, 50) >= 50 * 2 * 7


def fail_at_every_call(faulty, folder, cursors, whats):
    assert ack(faulty, cursors[0]).returncode == 0
    stands = cursors[0]["last"]
    failures = 0
    for what in whats:
        for call in CALLS:
            for number in range(1, 4):  # none has a third
                for more in ("", "+"):
                    if what == "short" and (call != "write" or more):
                        continue
                    cursor = cursors[(failures + number) % len(cursors)]
                    faulty.calls()
                    fault = f"{call} {number}{more} {what}"
                    done = ack(faulty, cursor, fault)
                    synced = [name for kind, name in faulty.calls() if kind == "fsync"]
                    assert len(synced) == len(set(synced)), "a sync that failed is not tried again"
                    now = position(folder)
                    if done.returncode == 0:
                        assert json.loads(done.stdout)["durable"] and now == cursor["last"], fault
                    else:
                        assert b"durable" not in done.stdout
                        assert "checkpoint" in done.stderr and str(folder) in done.stderr, fault
                        assert now in (stands, cursor["last"]), fault
                        failures += 1
                    stands = now
    assert ack(faulty, cursors[0]).returncode == 0
    return failures


@pytest.mark.parametrize("what", [errno.EIO, "short"])
def test_call_that_fails_is_told_and_loses_nothing(faulty, folder, cursors, what):
    failures = fail_at_every_call(faulty, folder, cursors, [what])
    assert failures == 0 if what == "short" else failures >= 8


@pytest.mark.nightly
@pytest.mark.parametrize("what", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOMEM])
def test_call_that_fails_for_another_reason_is_told_too(faulty, folder, cursors, what):
    assert fail_at_every_call(faulty, folder, cursors, [what]) >= 8


def test_interrupted_write_is_gone_on_with(faulty, folder, cursors):
    done = ack(faulty, cursors[2], f"write 1 {errno.EINTR}")
    assert done.returncode == 0 and position(folder) == cursors[2]["last"]


def test_full_disk_is_an_error_of_acknowledgements_alone_and_over_when_there_is_space(
        faulty, folder, cursors):
    with serve(ledgers.PUBNET_LAKE, env=faulty.environment()) as server, Client(server) as client:
        client.ack("mine", cursors[1])
        faulty.fill()
        for cursor in cursors[2:]:
            with pytest.raises(pa.ArrowException) as caught:
                client.ack("mine", cursor)
            assert "No space left" in str(caught.value) and str(folder) in str(caught.value)
        assert client.list()["mine"]["last_processed"] == cursors[1]["last"]
        assert client.read(WHOLE, "mine")[0] == list(range(cursors[1]["last"] + 1, NEWEST + 1))
        faulty.empty()
        client.ack("mine", cursors[3])
        assert client.list()["mine"]["last_processed"] == cursors[3]["last"]
    assert position(folder) == cursors[3]["last"]


CHAIN, COUNT = 5000, 700


@pytest.fixture(scope="module")
def chain_lake(tmp_path_factory):
    chain = ledgers.make_chain(CHAIN, [20_000] * COUNT)
    return ledgers.write_lake(tmp_path_factory.mktemp("durable") / "lake", chain, per_file=4)


class Reader:
    """Acknowledges every seven ledgers, until its server is gone."""

    def __init__(self, server):
        self.sent = self.acknowledged = None  # last ledger that came; that was answered
        self.asked = None                     # that was asked for
        self.first = None
        self._server = server
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            with Client(self._server) as client:
                for chunk in client.start(f"{TABLE}:{CHAIN}", "mine"):
                    cursor = json.loads(chunk.app_metadata.to_pybytes())
                    self.first = self.first or chunk.data.column("ledger_sequence")[0].as_py()
                    self.sent = cursor["last"]
                    if self.sent % 7 == 0:
                        self.asked = self.sent
                        reply = client.ack("mine", cursor)
                        assert reply["durable"] and reply["last_processed"] == self.asked
                        self.acknowledged = self.asked
        except (pa.ArrowException, OSError):
            pass

    def join(self):
        self._thread.join(30)
        assert not self._thread.is_alive()


def kill_servers(chain_lake, folder, rounds, seed):
    """Returns how many servers were killed after they had answered acknowledgements."""
    dice = random.Random(seed)
    acknowledged = possible = CHAIN - 1
    moved = 0
    for _ in range(rounds):
        server = Server(chain_lake, "--batch-size", "1", "--threads", "1",
                        env={"CHECKPOINT_DIR": str(folder), "CHECKPOINT_INTERVAL": "100ms"})
        reader = Reader(server)
        until = dice.randrange(0, 40)
        deadline = time.monotonic() + 10
        while (reader.sent or 0) < acknowledged + until and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.02))
        server.kill()
        reader.join()
        if reader.first is not None:
            # Not behind what was answered, not beyond what was asked for.
            assert acknowledged + 1 <= reader.first <= possible + 1
        moved += reader.acknowledged is not None
        acknowledged = reader.acknowledged or acknowledged
        possible = max(reader.asked or 0, acknowledged)
        stands = position(folder) or CHAIN - 1
        assert acknowledged <= stands <= possible
        acknowledged = possible = stands  # whether it was answered or not
        if possible > CHAIN + COUNT - 100:
            run("checkpoint", "remove", "mine", "--checkpoint-dir", folder)
            acknowledged = possible = CHAIN - 1
    return moved


def test_acknowledged_ledgers_outlive_twenty_kills_of_the_server(chain_lake, folder):
    assert kill_servers(chain_lake, folder, 20, seed=8) >= 10


@pytest.mark.nightly
def test_acknowledged_ledgers_outlive_two_hundred_kills_of_the_server(chain_lake, folder):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    assert kill_servers(chain_lake, folder, 200, seed) >= 100
