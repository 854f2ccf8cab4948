#!/usr/bin/env python3
"""Prints the server's resident memory while one client reads 11,000 ledgers.

    memory.py [TABLE [THREADS]]

From 1,000 to 10,000 ledgers on, the median of samples of VmRSS in a thousand, and how far it is from
the median of all. The ledgers are six of the public network repeated in one chain. SAS_PROGRAM names
another program than build/release's.
"""

import pathlib
import statistics
import sys
import tempfile

import pyarrow.flight as flight

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

from program import run, serve  # noqa: E402

FIRST = 8
STEP = 1000
STEPS = 11  # the first one warms up


def main():
    table = sys.argv[1] if len(sys.argv) > 1 else "transactions"
    threads = sys.argv[2] if len(sys.argv) > 2 else "2"
    with tempfile.TemporaryDirectory() as folder:
        lake = pathlib.Path(folder) / "lake"
        written = run("lake", "write", "--source", ROOT / "tests/data/pubnet-lake", "--output", lake,
                      "--repeat", STEP * STEPS // 6 + 1, "--start", FIRST, "--ledgers-per-file", 8,
                      timeout=600)
        assert written.returncode == 0, written.stderr
        samples = [[] for _ in range(STEPS)]
        with serve(lake, "--threads", threads) as server, server.connect() as client:
            ticket = f"{table}:{FIRST}:{FIRST + STEP * STEPS - 1}"
            for chunk in client.do_get(flight.Ticket(ticket)):
                last = chunk.data.column("ledger_sequence")[-1].as_py()
                samples[(last - FIRST) // STEP].append(server.memory())
    of_all = statistics.median(sum(samples[1:], []))
    print(f"{table}, {threads} workers\nledgers  MiB")
    for step in range(1, STEPS):
        median = statistics.median(samples[step])
        print(f"{step * STEP:7} {median / 2**20:4.0f} {median / of_all - 1:+6.1%}")


if __name__ == "__main__":
    main()
