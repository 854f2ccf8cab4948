#!/usr/bin/env python3
"""Compares `inspect` with the official crate's JSON, byte for byte.

    sep51.py [--update]

Needs Cargo (tests/compare/rust_crate.py) and pyarrow. Every ledger of the corpora is compared, and
arbitrary values of every type. With --update the hashes that the golden tests hold `inspect` against
are written anew, if there was no difference.
"""

import hashlib
import pathlib
import re
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import corpora  # noqa: E402
import program  # noqa: E402
import rust_crate  # noqa: E402
import test_sep51  # noqa: E402

VALUES_PER_TYPE = 20
# By themselves these are numbers of Rust there; in every other type they are texts, as SEP-51 says.
LEFT_OUT = {"int64", "uint64"}


def compare_corpora(folder):
    """{stream: SHA-256 of its JSON}; exits at the first difference."""
    hashes = {}
    for stream, path in test_sep51.streams(folder).items():
        want = rust_crate.values("decode-frames", "LedgerCloseMeta", path)
        got = program.run("inspect", path).stdout
        if got != want:
            sys.exit(f"{stream}: inspect and the crate differ")
        hashes[stream] = hashlib.sha256(got).hexdigest()
    return hashes


def letters(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


def compare_types(folder):
    """Arbitrary values of every type that the protocol names. Returns how many were compared."""
    ours = {letters(line): line for line in re.findall(
        r'"name":"(\w+)"(?=[^\n]*"file_index")',
        (ROOT / "protocol/stellar-xdr-types.json").read_text())}
    ours["serror"] = ours["error"]  # renamed there, as Rust has an Error of its own
    count = 0
    for theirs in rust_crate.values("types").decode().split():
        name = ours.get(letters(theirs))
        if name is None:
            sys.exit(f"not a type of ours: {theirs}")
        if name in LEFT_OUT:
            continue
        for _ in range(VALUES_PER_TYPE):
            value = rust_crate.values("arbitrary", theirs)
            path = folder / "value.xdr"
            path.write_bytes(value)
            want = rust_crate.values("decode", theirs, path)
            done = program.run("inspect", path, "--type", name)
            if done.stdout != want:
                sys.exit(f"{name}: {value.hex()}:\nours  {done.stdout!r} {done.stderr}\n"
                         f"theirs {want!r}")
            count += 1
    return count


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        print(f"{compare_types(folder)} arbitrary values are the same")
        hashes = compare_corpora(folder)
        print(f"{len(hashes)} streams are the same")
    if "--update" in sys.argv:
        test_sep51.HASHES.write_text(
            "".join(f"{digest}  {stream}\n" for stream, digest in sorted(hashes.items())))


main()
