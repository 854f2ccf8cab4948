"""What the tests of sources that are services share: a RawLedgerService of ours, and exports."""

import contextlib

from program import run, serve

# However long a source is away, no batch ends because of it.
NO_FLUSH = ("--flush-interval", "1h")
TABLES = ("stellar_ledger", "transactions")


@contextlib.contextmanager
def raw_ledgers(source, *args):
    """The port of a server of ours that offers the ledgers of `source` as they are."""
    with serve(source, *args, env={"RAW_LEDGER_PORT": "0"}) as server:
        yield server.raw_ledger_port


def export(source, first, last, folder, *more, **kwargs):
    """The Arrow streams of a range, {table: bytes}."""
    done = run("export", f"{','.join(TABLES)}:{first}:{last}", "--source", source, "--output",
               folder, "--quiet", *more, **kwargs)
    assert done.returncode == 0, done.stderr
    return {table: (folder / f"{table}.arrows").read_bytes() for table in TABLES}
