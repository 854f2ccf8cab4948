"""What `deploy/` has for systemd is understood by systemd, and as strict as it says."""

import re
import shutil
import subprocess

import pytest

import ledgers
from program import PROGRAM, ROOT, run, serve

UNIT = ROOT / "deploy/systemd/stellar-arrow-source.service"
COMPOSE = ROOT / "deploy/container/compose.yml"
MOST_EXPOSURE = 2.0  # of systemd's ten

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


@pytest.fixture
def unit(tmp_path):
    """The unit for the program that was built."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("/usr/local/bin/stellar-arrow-source", PROGRAM))
    return path


def analyze(*args):
    done = subprocess.run(["systemd-analyze", "--no-pager", *map(str, args)], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done


@needs_systemd
def test_systemd_has_nothing_to_say_of_the_unit(unit):
    done = analyze("verify", unit)  # 0 even for keys that it does not know
    assert done.stdout + done.stderr == ""


@needs_systemd
def test_unit_exposes_little(unit):
    report = analyze("security", "--offline=true", unit).stdout
    assert float(re.search(r"exposure level for .*: ([0-9.]+)", report).group(1)) <= MOST_EXPOSURE


@pytest.mark.parametrize("file,time,memory", [
    (UNIT, r"^TimeoutStopSec=(\d+)$", r"^MemoryMax=(\d+)G$"),
    (COMPOSE, r"^ +stop_grace_period: (\d+)s\b", r"^ +mem_limit: (\d+)g\b")], ids=["systemd", "compose"])
def test_server_is_given_the_time_and_the_memory_that_it_may_take(file, time, memory):
    text = file.read_text()
    options = run("config").stdout.decode()
    drain = int(re.search(r"^drain-timeout\s.*?(\d+)s", options, re.M).group(1))
    assert int(re.search(time, text, re.M).group(1)) > drain
    limit = int(re.search(r"^max-memory\s.*?(\d+)GiB", options, re.M).group(1)) << 30
    assert int(re.search(memory, text, re.M).group(1)) << 30 >= 1.15 * limit + (150 << 20)


def test_server_starts_with_a_file_of_settings_as_the_unit_gives_it(tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('listen = "127.0.0.1"\nlog_level = "debug"\n')
    assert "serve --config" in UNIT.read_text()
    with serve(ledgers.PUBNET_LAKE, "--config", settings) as server:
        assert server.reasons() == []
