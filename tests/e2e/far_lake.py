"""A lake that a network will lie before, and what the program makes of it where it lies in a folder."""

import pytest

import ledgers
from program import TABLE, run

FIRST, COUNT = 2, 300
LAST = FIRST + COUNT - 1
WHOLE = f"{TABLE}:{FIRST}:{LAST}"


def export(source, *args, request=WHOLE, env=None, timeout=120):
    return run("export", request, "--source", source, "--format", "arrow", "--quiet", *args, env=env,
               timeout=timeout)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    chain = ledgers.make_chain(FIRST, [3_000] * COUNT)
    return ledgers.write_lake(tmp_path_factory.mktemp("lakes") / "lake", chain)


@pytest.fixture(scope="session")
def whole(folder):
    """The Arrow stream of all ledgers, read from the folder."""
    done = export(folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
