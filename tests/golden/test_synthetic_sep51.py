"""Synthetic ledgers are what they were, and print what the official command line prints (SEP-51).

The hashes were written by tests/compare/synthetic.py, which holds every line against that program.
"""

import hashlib
import struct
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

import corpora
import program

HASHES = corpora.CORPORA / "synthetic.sha256"

# 66 ledgers show every case of their protocol, and restorations of what expired on the way.
SAMPLES = [f"count=66&transactions=20&diagnostics=on&protocol={protocol}"
           for protocol in range(13, 29)]
SAMPLES += [
    "count=66&transactions=20&protocol=13&meta=0",
    "count=66&transactions=20&protocol=17&meta=1",
    "count=66&transactions=20&protocol=18&meta=4",
    "count=66&transactions=20&protocol=20&meta=4&soroban=1",
    "count=66&transactions=20&protocol=22&meta=4&events=off&soroban=1",
    "count=66&transactions=20&protocol=28&events=off&extensions=off&soroban=0",
    "count=3&transactions=300&soroban=1&seed=2",
]


def write_stream(settings, path):
    """The ledgers of synthetic:?settings as a record-marked stream."""
    rows = path.with_suffix(".arrows")
    done = program.run("export", "stellar_ledger", "--source", f"synthetic:?{settings}", "--columns",
                       "ledger_close_meta_xdr", "--verify", "full", "--output", rows, "--quiet")
    assert done.returncode == 0, done.stderr
    with pa.ipc.open_stream(rows) as stream, path.open("wb") as out:
        for batch in stream:
            for value in batch.column(0):
                ledger = value.as_py()
                out.write(struct.pack(">I", 0x80000000 | len(ledger)) + ledger)
    return path


def test_samples_print_as_the_official_command_line_prints_them(tmp_path):
    want = dict(reversed(line.split()) for line in HASHES.read_text().splitlines())
    assert want.keys() == set(SAMPLES)

    def digest(settings):
        path = write_stream(settings, tmp_path / f"{SAMPLES.index(settings)}.xdr")
        return hashlib.sha256(program.run("inspect", path).stdout).hexdigest()

    with ThreadPoolExecutor(2) as pool:
        got = dict(zip(SAMPLES, pool.map(digest, SAMPLES)))
    assert [settings for settings in SAMPLES if got[settings] != want[settings]] == []
