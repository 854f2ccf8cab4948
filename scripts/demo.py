#!/usr/bin/env python3
"""Serves the repository's public-network ledgers and reads them back over Arrow Flight.

    demo.py PROGRAM

Two clients read the same rows: pyarrow.flight, which knows nothing of this project, and the
program's own `get`. The server is on a free port of the loopback and is stopped at the end.
"""

import pathlib
import re
import signal
import subprocess
import sys
import threading

import pyarrow.flight as flight

LAKE = pathlib.Path(__file__).resolve().parent.parent / "tests/data/pubnet-lake"
FIRST, LAST = 30822015, 30822020
TICKET = f"stellar_ledger:{FIRST}:{LAST}"
COLUMNS = {
    "ledger_sequence": "ledger",
    "ledger_close_time": "closed at (UTC)",
    "transaction_count": "transactions",
    "successful_transaction_count": "successful",
    "operation_count": "operations",
    "ledger_hash": "hash",
}
START_SECONDS = 30
STOP_SECONDS = 20


def text(value):
    if isinstance(value, bytes):
        return value.hex()[:16] + "…"
    return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "year") else str(value)


def print_rows(table):
    lines = [list(COLUMNS.values())]
    lines += [[text(row[name]) for name in COLUMNS] for row in table.to_pylist()]
    widths = [max(map(len, cells)) for cells in zip(*lines)]
    for line in lines:
        print("  " + "  ".join(cell.rjust(width) for cell, width in zip(line, widths)))


class Listening(threading.Thread):
    """Reads the server's log to its end, and tells when and where the server listens."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self._log = log
        self._known = threading.Event()
        self.lines = []
        self.address = None
        self.start()

    def run(self):
        for line in self._log:
            self.lines.append(line)
            found = re.search(r"listening on (grpc://\S+:\d+)", line)
            if found and not self.address:
                self.address = found.group(1)
                self._known.set()
        self._known.set()

    def wait(self):
        self._known.wait(START_SECONDS)
        if not self.address:
            sys.exit("demo: the server did not start:\n" + "".join(self.lines))
        return self.address


def main():
    program = sys.argv[1]
    command = [program, "serve", "--source", str(LAKE), "--port", "0"]
    print("$", *command, flush=True)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        address = Listening(server.stderr).wait()

        print(f"\npyarrow.flight, {address}, ticket {TICKET}:", flush=True)
        with flight.connect(address) as client:
            table = client.do_get(flight.Ticket(TICKET),
                                  flight.FlightCallOptions(timeout=60)).read_all()
        print_rows(table)

        get = [program, "get", TICKET, "--server", address, "--columns", ",".join(COLUMNS)]
        print("\n$", *get, flush=True)
        subprocess.run(get, stdin=subprocess.DEVNULL, timeout=60, check=True)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
    got = table.column("ledger_sequence").to_pylist()
    if got != list(range(FIRST, LAST + 1)):
        sys.exit(f"demo: wanted ledgers {FIRST} to {LAST}, got {got}")
    print(f"\n{len(got)} ledgers of the public network, read over Arrow Flight.")


if __name__ == "__main__":
    main()
