#!/usr/bin/env python3
"""Compares `inspect` of synthetic ledgers with the official crate's JSON, byte for byte.

    synthetic.py [--update]

Needs Cargo (tests/compare/rust_crate.py). Every sample of the golden test is compared; with --update the hashes that
it holds `inspect` against are written anew, if there was no difference.
"""

import hashlib
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import program  # noqa: E402
import rust_crate  # noqa: E402
import test_synthetic_sep51  # noqa: E402

def main():
    hashes, ledgers = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        for settings in test_synthetic_sep51.SAMPLES:
            path = test_synthetic_sep51.write_stream(settings, pathlib.Path(folder) / "stream.xdr")
            got = program.run("inspect", path).stdout
            if got != rust_crate.values("decode-frames", "LedgerCloseMeta", path):
                sys.exit(f"{settings}: inspect and the crate differ")
            hashes[settings] = hashlib.sha256(got).hexdigest()
            ledgers += got.count(b"\n")
    print(f"{ledgers} ledgers of {len(hashes)} samples are the same")
    if "--update" in sys.argv:
        test_synthetic_sep51.HASHES.write_text(
            "".join(f"{digest}  {settings}\n" for settings, digest in sorted(hashes.items())))


main()
