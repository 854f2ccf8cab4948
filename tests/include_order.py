#!/usr/bin/env python3
"""Refuses an #include under src/ that goes against the order of the folders.

A folder includes itself and the folders in its line below, nothing else. The text of src/ alone
decides: it compiles nothing, and what a macro hides it does not see.
"""

import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"

MAY_INCLUDE = {
    "text": "",
    "base": "",
    "memory": "base",
    "xdr": "text",
    "ledger": "text base xdr",
    "synthetic": "text base xdr ledger",
    "protos": "",
    "source": "text base protos xdr ledger synthetic",
    "columnar": "text base",
    "tables": "text base xdr ledger columnar",
    "pipeline": "text base memory xdr ledger source columnar tables",
    "ops": "text base",
    "stream": "text base memory ledger source columnar tables pipeline",
    "checkpoint": "text base ledger stream",
    "flight": "text base memory ledger source columnar tables pipeline stream checkpoint ops",
    "raw_ledger": "text base memory protos ledger source pipeline ops flight",
    "cli": "text base memory xdr ledger source columnar tables pipeline stream checkpoint flight raw_ledger ops",
}
STANDARD_LIBRARY_ONLY = ("text", "xdr")
FLIGHT = ("flight", "cli")  # where arrow/flight/ may be included: the service and the client

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def fault(folder, is_test, quote, name):
    """Why a file of `folder` may not include `name`, or None."""
    own = re.match(r"stellar_arrow/([^/]+)/", name)
    if own:
        allowed = [folder, *MAY_INCLUDE[folder].split()]
        if own[1] not in allowed:
            return f"{folder}/ may include {', '.join(allowed)}"
    elif is_test and name.startswith("tests/support/"):
        return None
    elif quote == '"':
        return 'what is ours is included as "stellar_arrow/<folder>/<file>"'
    elif name.startswith("arrow/flight/") and folder not in FLIGHT:
        return f"arrow/flight/ belongs to {' and '.join(FLIGHT)}"
    elif folder in STANDARD_LIBRARY_ONLY and not is_test and re.search(r"[/.]", name):
        return f"{folder}/ uses the standard library only"
    return None


def main():
    faults = files = 0
    for path in sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cc")):
        parts = path.relative_to(SRC).parts
        if parts[0] != "stellar_arrow":
            continue  # main.cc, which connects them all
        files += 1
        folder = parts[1]
        if folder not in MAY_INCLUDE:
            print(f"{path}: folder {folder}/ is not in the list of {__file__}")
            faults += 1
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            why = found and fault(folder, path.stem.endswith("_test"), *found.groups())
            if why:
                print(f"{path}:{number}: {line.strip()}: {why}")
                faults += 1
    print(f"include order: {files} files, {faults} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
