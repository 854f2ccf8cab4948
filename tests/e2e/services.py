"""What the tests of sources that are programs share: a fake core, a RawLedgerService of ours and one of
another implementation, and exports."""

import contextlib
import json
import pathlib
import shutil
import subprocess

import pytest

import ledgers
from program import ROOT, run, serve

# However long a source is away, no batch ends because of it.
NO_FLUSH = ("--flush-interval", "1h")
TABLES = ("stellar_ledger", "transactions")
FAKE_CORE = pathlib.Path(__file__).parent / "fake_core.py"


class FakeCore:
    """A fake core's files, and how to name it as a source."""

    def __init__(self, folder, content, passphrase=ledgers.PUBNET):
        self.folder = folder
        (folder / "frames.xdr").write_bytes(ledgers.framed(content))
        (folder / "core.cfg").write_text(
            f'NETWORK_PASSPHRASE = "{passphrase}"\n\n[QUORUM_SET]\nVALIDATORS = ["of", "trust"]\n')
        (folder / "dies").mkdir()
        (folder / "state").mkdir()
        self.env = {"FAKE_CORE_FRAMES": str(folder / "frames.xdr"),
                    "FAKE_CORE_FIRST": str(min(content)),
                    "FAKE_CORE_LOG": str(folder / "runs"),
                    "FAKE_CORE_DIES": str(folder / "dies")}
        self.url = f"core:{folder / 'core.cfg'}?program={FAKE_CORE}&storage={folder / 'state'}"

    def die_behind(self, *sizes):
        """Lets the next runs die, one behind each number of bytes, the least first."""
        for size in sizes:
            (self.folder / "dies" / f"{size:09}").touch()

    def runs(self):
        """The command lines so far: [pid, word...]."""
        return [json.loads(line) for line in (self.folder / "runs").read_text().splitlines()]

    def commands(self):
        return [" ".join(words[1:3]) if words[1] == "catchup" else words[1] for words in self.runs()]

    def alive(self):
        return [pid for pid, *_ in self.runs() if pathlib.Path(f"/proc/{pid}").exists()]


@contextlib.contextmanager
def raw_ledgers(source, *args):
    """The port of a server of ours that offers the ledgers of `source` as they are."""
    with serve(source, *args, env={"RAW_LEDGER_PORT": "0"}) as server:
        yield server.raw_ledger_port


def build_go_peer():
    """The program of tests/peers/raw_ledgers."""
    if shutil.which("go") is None:
        pytest.skip("no Go here")
    built = ROOT / "build/tests/raw-ledgers-peer"
    built.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", built, "."], cwd=ROOT / "tests/peers/raw_ledgers",
                   check=True, timeout=900)
    return built


@contextlib.contextmanager
def go_raw_ledgers(content, folder):
    """The port of a RawLedgerService in Go that offers {sequence: LedgerCloseMeta}."""
    peer = build_go_peer()
    frames = folder / "frames.xdr"
    frames.write_bytes(ledgers.framed(content))
    with subprocess.Popen([peer, "serve", frames, str(min(content))], stdout=subprocess.PIPE,
                          text=True) as server:
        try:
            yield int(server.stdout.readline().rpartition(":")[2])
        finally:
            server.kill()


def export(source, first, last, folder, *more, **kwargs):
    """The Arrow streams of a range, {table: bytes}."""
    done = run("export", f"{','.join(TABLES)}:{first}:{last}", "--source", source, "--output",
               folder, "--quiet", *more, **kwargs)
    assert done.returncode == 0, done.stderr
    return {table: (folder / f"{table}.arrows").read_bytes() for table in TABLES}
