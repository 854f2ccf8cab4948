"""What the README tells people to type works as it stands there; what documents name is there."""

import re
import subprocess
import sys

import pytest

import ledgers
import program

README = (program.ROOT / "README.md").read_text()


def test_first_query_prints_the_ledgers(server):
    snippet = re.search(r"```python\n(.*?)```", README, re.S).group(1)
    assert "localhost:8815" in snippet
    snippet = snippet.replace("localhost:8815", f"localhost:{server.port}")
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, check=True)
    assert [f"'ledger_sequence': {number}" in line for number, line in zip(
        range(ledgers.FIRST, ledgers.NEWEST + 1), done.stdout.decode().splitlines())] == [True] * 6


def test_export_without_a_server_prints_the_ledgers():
    command = re.search(r"build/release/stellar-arrow-source (export .*?)\n```", README, re.S).group(1)
    done = program.run(*command.replace("\\\n", " ").split(), cwd=program.ROOT)
    assert done.returncode == 0, done.stderr
    assert str(ledgers.NEWEST) in done.stdout.decode()


def test_every_table_and_document_that_it_links_to_is_there():
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (program.ROOT / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("name", ["testing.md", "promises.md"])
def test_every_test_that_a_document_names_is_there(name):
    document = (program.ROOT / "docs" / name).read_text()
    there = set()
    for folder in ("e2e", "golden"):
        for file in (program.ROOT / "tests" / folder).glob("test_*.py"):
            there.add(file.name)
            there |= {f"{file.name}::{name}"
                      for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    for file in (program.ROOT / "src").rglob("*_test.cc"):
        there |= {".".join(names)
                  for names in re.findall(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", file.read_text(), re.M)}
    named = set(re.findall(r"`(test_\w+\.py(?:::\w+)?|[A-Z]\w+\.[A-Z]\w+)`", document))
    assert len(named) > 40
    assert named <= there, named - there


def test_snippet_of_the_cursors_document_goes_on(server):
    document = (program.ROOT / "docs/cursor.md").read_text()
    snippet = re.search(r"```python\n(.*?)```", document, re.S).group(1)
    snippet = snippet.replace("localhost:8815", f"localhost:{server.port}")
    done = subprocess.run([sys.executable, "-c", snippet + "print(cursor.decode())"],
                          capture_output=True, check=True)
    *batches, cursor = done.stdout.decode().splitlines()
    assert batches == [f"1 {ledgers.FIRST}", f"5 {ledgers.NEWEST}"]
    again = snippet.replace("cursor = None", f"cursor = {cursor.encode()!r}")
    assert subprocess.run([sys.executable, "-c", again], capture_output=True,
                          check=True).stdout == b""


def test_snippet_of_the_checkpoints_document_acknowledges(tmp_path):
    document = (program.ROOT / "docs/checkpoints.md").read_text()
    snippet = re.search(r"```python\n(.*?)```", document, re.S).group(1)
    with program.serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(tmp_path / "kept")}) as server:
        snippet = snippet.replace("localhost:8815", f"localhost:{server.port}")
        outputs = [subprocess.run([sys.executable, "-c", snippet], capture_output=True,
                                  check=True).stdout.decode() for _ in range(2)]
    acknowledged = "".join(f'{{"checkpoint_id":"my-indexer","last_processed":{last},"durable":true}}\n'
                           for last in (ledgers.FIRST, ledgers.NEWEST))
    assert outputs == [acknowledged, ""]
