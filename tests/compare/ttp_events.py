#!/usr/bin/env python3
"""Compares every cell of ttp_events with what the official Go SDK makes of the ledgers.

    ttp_events.py [--write]

Needs Go, which fetches the SDK. Every ledger of the corpora and of tests/golden/transfer_ledgers.py
is compared, row by row in order; --write keeps the SDK's events as
tests/data/corpora/ttp-events.jsonl.zst, from which `make test` compares.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import pyarrow as pa  # noqa: E402

import corpora  # noqa: E402
import test_sep51  # noqa: E402
import transfer_ledgers  # noqa: E402
import ttp_events  # noqa: E402

KEPT = corpora.CORPORA / "ttp-events.jsonl.zst"


def official(program, files, way):
    """{stream: (events, verdicts)} of the SDK's."""
    streams = {str(path): stream for stream, path in files.items()}
    out = {stream: ([], []) for stream in files}
    for network in sorted(set(map(ttp_events.passphrase, files))):
        paths = [str(path) for stream, path in files.items()
                 if ttp_events.passphrase(stream) == network]
        done = subprocess.run([program, "-way", way, network], input="\n".join(paths).encode(),
                              stdout=subprocess.PIPE, check=True)
        for line in done.stdout.splitlines():
            line = json.loads(line)
            out[streams[line.pop("stream")]]["way" in line].append(line)
    return out


def made(folder):
    """The ledgers that were made by hand, as {name: path}: to be read, and to be refused."""
    good, refused = {}, {}
    for files, ledgers in ((good, transfer_ledgers.good()),
                           (refused, {name: one for name, (one, _) in
                                      transfer_ledgers.refused().items()})):
        for name, content in ledgers.items():
            files[name] = folder / name.replace("/", "-")
            files[name].write_bytes(content)
    return good, refused


def keep(said):
    lines = []
    for stream, (events, _) in said.items():
        for event in events:
            del event["hash"]  # the transaction's number says it, and hashes do not compress
            lines.append(json.dumps({"stream": stream} | event, separators=(",", ":")))
    content = "".join(line + "\n" for line in lines).encode()
    KEPT.write_bytes(pa.Codec("zstd", compression_level=19).compress(content, asbytes=True))


def main():
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folder = pathlib.Path(folder)
        program = folder / "ttp_events"
        subprocess.run(["go", "build", "-o", program, "./ttp_events"],
                       cwd=ROOT / "tests/compare/go", check=True)
        inputs = folder / "in"
        inputs.mkdir()
        good, refused = made(inputs)
        files = test_sep51.streams(inputs) | good
        said = official(program, files, "auto")
        # What was made by hand need not add up.
        bad = [f"{stream}: {verdict}" for stream, (_, verdicts) in said.items()
               for verdict in verdicts
               if "error" in verdict or "balance" in verdict and stream not in good]
        bad += [f"{stream}: the SDK reads it"
                for stream, (_, verdicts) in official(program, refused, "auto").items()
                if any("error" not in verdict for verdict in verdicts)]

        def compare(stream):
            ours = ttp_events.export_stream(stream, files[stream], folder / "out" / stream)
            theirs = ttp_events.as_rows(said[stream][0])
            return ttp_events.differences(stream, ours, theirs)

        bad += [line for lines in pool.map(compare, files) for line in lines]
        counts = collections.Counter()
        for stream, (events, verdicts) in said.items():
            ways = {verdict["ledger"]: verdict["way"] for verdict in verdicts}
            counts.update((ttp_events.corpus(stream), ways[event["ledger"]]) for event in events)
        for (corpus, way), count in sorted(counts.items()):
            print(f"{corpus}, {way}: {count} events")
        if "--write" in sys.argv[1:]:
            keep(said)
    print("\n".join(bad[:50]))
    sys.exit(f"{len(bad)} differences" if bad else None)


main()
