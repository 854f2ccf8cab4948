#!/usr/bin/env python3
"""Copies a table into an SQLite file, every row exactly once, however often it is killed.

    examples/exactly_once.py grpc://localhost:8815 operations:30822015:30822020 rows.db

Rows and the cursor of their batch are stored in one transaction; the next run goes on after the cursor
that it finds. Needs pyarrow.
"""

import json
import sqlite3
import sys

import pyarrow.flight as flight

COLUMNS = ["ledger_sequence", "operation_index", "transaction_hash", "operation_type_string"]


def copy(server, request, path):
    table, *span = request.split(":")
    ticket = {"table": table, "columns": COLUMNS} | dict(zip(("start", "end"), map(int, span)))
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE IF NOT EXISTS cursor (only_one INTEGER PRIMARY KEY, json TEXT)")
    database.execute(f"CREATE TABLE IF NOT EXISTS rows ({', '.join(COLUMNS)})")
    kept = database.execute("SELECT json FROM cursor").fetchone()
    headers = []
    if kept is not None:
        headers.append((b"x-resume-cursor", kept[0].encode()))
        # The server sends a ledger again that came in parts, of which not all did.
        last = json.loads(kept[0])["last"] or 0
        database.execute("DELETE FROM rows WHERE ledger_sequence > ?", (last,))
    client = flight.connect(server)
    options = flight.FlightCallOptions(headers=headers)
    for chunk in client.do_get(flight.Ticket(json.dumps(ticket)), options):
        rows = zip(*(column.to_pylist() for column in chunk.data.columns))
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO rows VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        database.execute("INSERT OR REPLACE INTO cursor VALUES (1, ?)",
                         (chunk.app_metadata.to_pybytes().decode(),))
        database.execute("COMMIT")
        print(chunk.data.num_rows, flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    copy(*sys.argv[1:])
