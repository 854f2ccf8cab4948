"""What the end-to-end tests share: a running server over the public-network lake."""

import os
import signal

import pytest

import ledgers
import program


def pytest_configure(config):
    config.addinivalue_line("markers", "nightly: takes minutes; run by `make nightly` alone")


def pytest_sessionstart(session):
    if not os.access(program.PROGRAM, os.X_OK):
        pytest.exit(f"no program at {program.PROGRAM}: build it, or set SAS_PROGRAM", returncode=2)
    # A shell's background job ignores SIGINT, and so would every program that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def pubnet():
    """{sequence: LedgerCloseMeta} of the public-network lake."""
    return ledgers.read_pubnet()


@pytest.fixture(scope="session")
def server():
    with program.serve(ledgers.PUBNET_LAKE) as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    with server.connect() as connected:
        yield connected


@pytest.fixture
def lake(tmp_path):
    """Writes ledgers as a lake of their own: lake({sequence: bytes}, ...)."""
    def write(content, name="lake", **kwargs):
        return ledgers.write_lake(tmp_path / name, content, **kwargs)
    return write
