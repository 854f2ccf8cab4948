"""A crowd of clients, each a process of its own: `crowd.py URI COUNT REQUEST WHAT`.

WHAT is `read` (to the end), `stall` (one batch, then nothing) or `wait` (all there is, then for
more). The clients are forked off one process that has loaded Arrow, and live in one process group.
Prints a line a client once it has its first batch, or with the error it got instead.
"""

import os
import sys
import time

import pyarrow.flight as flight


def be_client(uri, request, what):
    try:
        stream = flight.connect(uri).do_get(flight.Ticket(request))
        stream.read_chunk()
        os.write(1, b"reading\n")
    except flight.FlightError as error:
        os.write(1, str(error).encode().replace(b"\n", b" ") + b"\n")
        time.sleep(3600)
    while what == "stall":
        time.sleep(3600)
    rows = sum(chunk.data.num_rows for chunk in stream)
    os.write(1, b"read %d\n" % rows)


def main():
    uri, count, request, what = sys.argv[1:]
    for _ in range(int(count)):
        if os.fork() == 0:
            try:
                be_client(uri, request, what)
            finally:
                os._exit(0)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
