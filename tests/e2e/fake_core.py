#!/usr/bin/env python3
"""A fake of stellar-core for the tests: understands the command lines that captive core is run with, and
replays recorded ledgers with core's framing. It connects to nothing and computes nothing.

Its environment says what it does:
  FAKE_CORE_FRAMES   a record-marked file: the ledgers of its network
  FAKE_CORE_FIRST    the number of the first of them
  FAKE_CORE_LOG      a file that gets a line for each run: its arguments, as JSON
  FAKE_CORE_DIES     a folder: for each file N in it, `catchup` and `run` die once behind N bytes of
                     metadata, and the file is removed
  FAKE_CORE_SAYS     what its last words tell when it dies
"""

import contextlib
import json
import os
import pathlib
import signal
import struct
import sys
import time


def frames():
    """(sequence, frame) of the recorded ledgers."""
    data = pathlib.Path(os.environ["FAKE_CORE_FRAMES"]).read_bytes()
    first = int(os.environ["FAKE_CORE_FIRST"])
    while data:
        size = 4 + (struct.unpack(">I", data[:4])[0] & 0x7FFFFFFF)
        yield first, data[:size]
        first, data = first + 1, data[size:]


def descriptors():
    """Those that are open."""
    def is_open(number):
        with contextlib.suppress(OSError):
            return bool(os.fstat(number))
        return False
    return [number for number in sorted(map(int, os.listdir("/proc/self/fd"))) if is_open(number)]


def main():
    arguments = sys.argv[1:]
    with open(os.environ["FAKE_CORE_LOG"], "a", encoding="utf-8") as log:
        log.write(json.dumps([os.getpid(), *arguments]) + "\n")
    if arguments[0] == "version":
        print("fake core")
        return 0
    config = pathlib.Path(arguments[arguments.index("--conf") + 1])
    assert "NETWORK_PASSPHRASE" in config.read_text()
    assert config.stat().st_mode & 0o777 == 0o600
    state = pathlib.Path("fake-core.state")  # in the folder it runs in, as core's database
    print("fake core:", *arguments, flush=True)
    print("fake core: descriptors", descriptors(), flush=True)
    if arguments[0] == "new-db":
        state.write_text("1")
        return 0
    last = None
    if arguments[0] == "catchup":
        last, count = map(int, arguments[1].split("/"))
        state.write_text(str(last - count))
        if "--metadata-output-stream" not in arguments:
            state.write_text(str(last))
            return 0
    assert arguments[arguments.index("--metadata-output-stream") + 1] == "fd:3"
    dies = sorted(pathlib.Path(os.environ.get("FAKE_CORE_DIES", "/nowhere")).glob("*"))
    left = int(dies[0].name) if dies else None
    with os.fdopen(3, "wb", buffering=0) as metadata:
        for sequence, frame in frames():
            if sequence <= int(state.read_text()) or (last and sequence > last):
                continue
            metadata.write(frame[:left])
            if left is not None:
                left -= len(frame)
                if left <= 0:
                    dies[0].unlink()
                    print("fake core: what a \33[31mpity\33[0m,", os.environ.get("FAKE_CORE_SAYS", ""),
                          file=sys.stderr, flush=True)
                    os.kill(os.getpid(), signal.SIGABRT)
        while last is None:  # at the tip
            time.sleep(0.05)
    return 0


if __name__ == "__main__":
    sys.exit(main())
