#!/usr/bin/env python3
"""Compares `inspect` of synthetic ledgers with the official command line, byte for byte.

    synthetic.py [--update]

Needs what sep51.py needs. Every sample of the golden test is compared; with --update the hashes that
it holds `inspect` against are written anew, if there was no difference.
"""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import program  # noqa: E402
import test_synthetic_sep51  # noqa: E402

OFFICIAL = os.environ.get("STELLAR_XDR", "stellar-xdr")


def official_json(path):
    done = subprocess.run([OFFICIAL, "decode", "--type", "LedgerCloseMeta", "--input",
                           "stream-framed", "--output", "json", str(path)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, (path, done.stderr)
    return done.stdout.rstrip(b"\n") + b"\n"


def main():
    version = subprocess.run([OFFICIAL, "version"], stdout=subprocess.PIPE, check=True).stdout
    if b"30.0.0" not in version:
        sys.exit(f"{OFFICIAL} is not version 30.0.0: {version!r}")
    hashes, ledgers = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        for settings in test_synthetic_sep51.SAMPLES:
            path = test_synthetic_sep51.write_stream(settings, pathlib.Path(folder) / "stream.xdr")
            got = program.run("inspect", path).stdout
            if got != official_json(path):
                sys.exit(f"{settings}: inspect and {OFFICIAL} differ")
            hashes[settings] = hashlib.sha256(got).hexdigest()
            ledgers += got.count(b"\n")
    print(f"{ledgers} ledgers of {len(hashes)} samples are the same")
    if "--update" in sys.argv:
        test_synthetic_sep51.HASHES.write_text(
            "".join(f"{digest}  {settings}\n" for settings, digest in sorted(hashes.items())))


main()
