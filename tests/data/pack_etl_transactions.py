#!/usr/bin/env python3
"""Packs stellar-etl's transactions rows into tests/data/corpora/stellar-etl-transactions.jsonl.zst.

usage: pack_etl_transactions.py CORPUS=FOLDER...

FOLDER holds what stellar-etl wrote for a corpus: transactions.jsonl itself, or one folder with
that file for each stream.
"""

import json
import pathlib
import sys

import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "golden"))

import corpora  # noqa: E402
import etl_transactions  # noqa: E402


def main():
    lines = []
    for argument in sys.argv[1:]:
        corpus, folder = argument.split("=", 1)
        for path in sorted(pathlib.Path(folder).rglob("transactions.jsonl")):
            stream = path.parent.relative_to(folder).as_posix()
            rows = [json.loads(line) for line in path.read_text().splitlines()]
            lines.append(json.dumps(etl_transactions.pack(corpus, "" if stream == "." else stream,
                                                          rows), separators=(",", ":")))
    content = "".join(line + "\n" for line in lines).encode()
    zipped = pa.Codec("zstd", compression_level=19).compress(content, asbytes=True)
    (corpora.CORPORA / "stellar-etl-transactions.jsonl.zst").write_bytes(zipped)
    print(f"{len(lines)} streams, {len(zipped)} bytes")


main()
