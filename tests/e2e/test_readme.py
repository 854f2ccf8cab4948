"""What the README tells people to type works as it stands there."""

import re
import subprocess
import sys

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
        assert (program.ROOT / link).exists(), link
