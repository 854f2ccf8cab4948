"""The example that keeps rows and cursors in one transaction has every row exactly once, however often it
is killed, and its server too."""

import random
import sqlite3
import subprocess
import sys

import pytest

import ledgers
import program
from program import Server, read, run

EXAMPLE = program.ROOT / "examples/exactly_once.py"
START, END = 2, 121
REQUEST = f"operations:{START}:{END}"
# Most ledgers come in several batches.
ARGUMENTS = ("--batch-size", "70", "--threads", "1")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Real ledgers, 20 times over."""
    lake = tmp_path_factory.mktemp("often") / "lake"
    done = run("lake", "write", "--source", ledgers.PUBNET_LAKE, "--output", lake, "--repeat", 20,
               "--start", START)
    assert done.returncode == 0, done.stderr
    return lake


class Copy:
    """The example at work, until it is told to end."""

    def __init__(self, server, path):
        self._process = subprocess.Popen(
            [sys.executable, EXAMPLE, server.location, REQUEST, path], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=program.environment())

    def batches(self, count):
        """Waits for so many transactions, or the end; how many there were."""
        lines = 0
        while lines < count and self._process.stdout.readline():
            lines += 1
        return lines

    def kill(self):
        self._process.kill()
        self._process.communicate()

    def join(self):
        _, errors = self._process.communicate(timeout=120)
        return self._process.returncode, errors.decode()


def copy_under_fire(lake, path, kills, seed):
    """Kills the client, and now and then the server, `kills` times; then lets it finish. Returns what
    is in the file, and how many kills came in the middle of a stream."""
    dice = random.Random(seed)
    server = Server(lake, *ARGUMENTS)
    with server.connect() as client:
        wanted = read(client, REQUEST).ended()
    whole = len(wanted.batches)
    middle = 0
    for _ in range(kills):
        copy = Copy(server, path)
        count = dice.randrange(2 * whole // kills + 1)
        done = copy.batches(count)
        middle += 0 < done == count
        if dice.random() < 0.2:
            server.kill()
            copy.join()
            server = Server(lake, *ARGUMENTS)
        else:
            copy.kill()
    code, errors = Copy(server, path).join()
    assert code == 0, errors
    assert server.stop() == 0
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT ledger_sequence, transaction_hash, operation_index FROM rows ORDER BY rowid")
        columns = ["ledger_sequence", "transaction_hash", "operation_index"]
        assert rows.fetchall() == [tuple(row.values())
                                   for row in wanted.table.select(columns).to_pylist()]
    return middle


def test_every_row_is_there_once_after_ten_kills_at_random(lake, tmp_path):
    assert copy_under_fire(lake, tmp_path / "rows.db", 10, seed=4) >= 4


@pytest.mark.nightly
def test_every_row_is_there_once_after_a_hundred_kills_at_random(lake, tmp_path):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    assert copy_under_fire(lake, tmp_path / "rows.db", 100, seed) >= 25
