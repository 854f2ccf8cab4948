"""What the comparisons share: all ledgers there are, our rows of them, and a way to end.

Ledgers come from tests/data. Where a folder with the whole corpora lies beside the repository (named by
SHARED_DATA, else ../shared/data), it is proven that no ledger of its is missing here.
"""

import hashlib
import io
import os
import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/golden"), str(ROOT / "tests/e2e")]

import pyarrow as pa  # noqa: E402

import case_ledgers  # noqa: E402
import corpora  # noqa: E402
import etl_transactions  # noqa: E402
import program  # noqa: E402
import test_sep51  # noqa: E402
import transfer_ledgers  # noqa: E402
import ttp_events  # noqa: E402

SHARED = pathlib.Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared/data"))


def tar_streams(path):
    """{name in the archive: content} of a .tar.zst."""
    with tarfile.open(fileobj=io.BytesIO(corpora.read_zstd(path))) as archive:
        return {str(pathlib.PurePath(one.name)): archive.extractfile(one).read()
                for one in archive if one.isfile()}


def shared_ledgers():
    """Every ledger of the folder beside the repository, each bare."""
    for path in SHARED.glob("stellar-core-test-lcm-*.tar.zst"):
        for name, content in tar_streams(path).items():
            if name.endswith(".xdr"):
                yield from corpora.frames(content)
    for path in (SHARED / "load-test").glob("*.zstd"):
        yield from corpora.frames(corpora.read_zstd(path))
    for path in (SHARED / "pubnet-p13").glob("*.xdr"):
        yield path.read_bytes()
    for path in (SHARED / "galexie-lake").glob("*.zst"):
        yield corpora.read_zstd(path)[12:]  # each object is a batch of one


def streams(folder):
    """All corpora as record-marked streams, {name: path}, as the golden tests name them."""
    files = test_sep51.streams(folder)
    if SHARED.is_dir():
        here = {hashlib.sha256(frame).digest() for path in files.values()
                for frame in corpora.frames(path.read_bytes())}
        there = [hashlib.sha256(frame).digest() for frame in shared_ledgers()]
        assert there and set(there) <= here, "tests/data lacks ledgers of SHARED_DATA"
        print(f"tests/data has all {len(there)} ledgers of {SHARED.name} beside the repository")
    return files


def made(folder):
    """The ledgers that were made by hand, {name: path}; each file is one bare ledger."""
    files = {}
    for name, content in (transfer_ledgers.good() | case_ledgers.cases()).items():
        files[name] = folder / name.replace("/", "-")
        files[name].write_bytes(content)
    return files


def table_of(table, path, network, folder):
    """One of our tables of a file, through the program; each batch is validated in full."""
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{table}.arrows"
    done = program.run("export", table, "--source", path, "--network", network, "--verify",
                       "structure", "--output", out, "--threads", "1", "--quiet")
    assert done.returncode == 0, (path, done.stderr)
    with pa.ipc.open_stream(out) as stream:
        batches = list(stream)
        for batch in batches:
            batch.validate(full=True)
        whole = pa.Table.from_batches(batches, stream.schema)
    out.unlink()
    return whole


def rows(table, stream, path, folder, plain=etl_transactions.plain):
    """Our rows of a stream; ledger by ledger where numbers are missing between them. Times are numbers,
    or what another `plain` makes of a table."""
    network = ttp_events.passphrase(stream)
    if not stream.startswith("load-test"):
        return plain(table_of(table, path, network, folder))
    out = []
    folder.mkdir(parents=True, exist_ok=True)
    for index, frame in enumerate(corpora.frames(path.read_bytes())):
        one = folder / f"{index}.xdr"
        one.write_bytes(frame)
        out += plain(table_of(table, one, network, folder))
    return out


def end(differences):
    """Prints the first differences; the exit code says whether there were any."""
    print("\n".join(differences[:50]))
    sys.exit(f"{len(differences)} differences" if differences else None)
