"""Usage and configuration: one meaning by flag, environment and file; nothing bad goes by."""

import json
import re
from pathlib import Path

import pytest

import ledgers
from program import TABLE, last_json, options, path, run

SCHEMAS = Path(__file__).parents[1] / "schemas"
WHOLE = f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"


@pytest.mark.parametrize("args", [
    (), ("nonsense",), ("--nonsense",), ("serve", "--nonsense"), ("get",), ("export",),
    ("export", WHOLE, "--source"), ("lake",), ("lake", "nonsense"), ("schema",), ("inspect",),
    ("get", WHOLE, "--format", "parquetish"),
    ("export", WHOLE, "--source", "x", "--verify", "deep"),
    ("export", WHOLE, "--source", "x", "--threads", "0"),
    ("export", WHOLE, "--source", "x", "--threads", "many"),
    ("get", WHOLE, "extra"), ("get", WHOLE, "--server", "no-url")],
    ids=lambda args: " ".join(args) or "nothing")
def test_wrong_usage_is_exit_code_2_with_a_word_on_stderr(args):
    done = run(*args, timeout=60)
    assert done.returncode == 2
    assert done.stderr
    assert done.stdout == b""


@pytest.mark.parametrize("command", [("serve",), ("export", WHOLE), ("verify", "--level", "chain")],
                         ids=lambda command: command[0])
def test_missing_source_is_named(command):
    done = run(*command, timeout=60)
    assert done.returncode == 2
    assert "--source" in done.stderr


# Of every kind of number there is.
NUMBERS = ("ARROW_PORT", "METRICS_PORT", "HEALTH_PORT", "READY_MAX_LAG", "BATCH_SIZE",
           "BATCH_BYTES", "MAX_CONNECTIONS", "ARROW_MAX_MEMORY", "DRAIN_TIMEOUT",
           "PARALLEL_WORKERS", "MAX_OBJECT_BYTES")
NO_NUMBERS = ("abc", "-1", "1.5", "0x10", " 7", "7 apples", "99999999999999999999")


@pytest.mark.parametrize("name,value", [(name, value) for name in NUMBERS for value in NO_NUMBERS])
def test_what_is_no_number_is_no_default(name, value):
    done = run("serve", "--source", ledgers.PUBNET_LAKE, env={name: value}, timeout=60)
    assert done.returncode == 2
    assert name in done.stderr and value in done.stderr


@pytest.mark.parametrize("name,value", [
    ("ARROW_PORT", "abc"), ("ARROW_PORT", "70000"), ("ARROW_PORT", "-1"), ("ARROW_PORT", "88 15"),
    ("PORT", "x"), ("BATCH_SIZE", "0"), ("BATCH_SIZE", "-5"), ("BATCH_SIZE", "1e3"),
    ("BATCH_SIZE", "99999999999999999999"), ("LOG_LEVEL", "shouting"),
    ("ARROW_COMPRESSION", "gzip"), ("ARROW_COMPRESSION_LEVEL", "0"),
    ("ARROW_COMPRESSION_LEVEL", "23")])
def test_bad_value_in_the_environment_is_named_with_its_origin(name, value):
    done = run("serve", "--source", ledgers.PUBNET_LAKE, env={name: value}, timeout=60)
    assert done.returncode == 2
    assert name in done.stderr and value in done.stderr


def test_source_may_come_from_the_environment():
    done = run("export", WHOLE, "--format", "null", "--json",
               env={"SOURCE_URL": str(ledgers.PUBNET_LAKE)})
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ledgers"] == 6


def test_flag_is_above_the_environment():
    done = run("export", TABLE, "--source", ledgers.TESTNET_LAKE, "--format", "null", "--json",
               env={"SOURCE_URL": str(ledgers.PUBNET_LAKE)})
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["first"] == 997


def test_manifest_is_above_the_passphrase_of_the_environment():
    """The original's default passphrase stands in many deployments; the lake knows better."""
    done = run("export", WHOLE, "--source", ledgers.PUBNET_LAKE, "--verify", "full", "--format",
               "null", "--json", env={"NETWORK_PASSPHRASE": ledgers.TESTNET})
    assert done.returncode == 0, done.stderr
    assert last_json(done.stdout)["ledgers"] == 6


def test_file_sets_options_below_the_environment(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text(f'source = "{ledgers.TESTNET_LAKE}"\n')
    shown = run("config", "--config", file)
    assert shown.returncode == 0, shown.stderr
    assert str(ledgers.TESTNET_LAKE) in shown.stdout.decode()
    assert "server.toml" in shown.stdout.decode()
    shown = run("config", "--config", file, env={"SOURCE_URL": str(ledgers.PUBNET_LAKE)})
    assert str(ledgers.PUBNET_LAKE) in shown.stdout.decode()
    assert str(ledgers.TESTNET_LAKE) not in shown.stdout.decode()


def test_unknown_key_of_the_file_is_refused_with_the_nearest_known_one(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text('sorce = "x"\n')
    done = run("config", "--config", file)
    assert done.returncode == 2
    assert re.search(r"\bsorce\b", done.stderr) and re.search(r"\bsource\b", done.stderr)
    assert "server.toml" in done.stderr


@pytest.mark.parametrize("text", ["source = [5]\n", "source = \n", "= 5\n", "[[[\n", "\0\n"])
def test_wrong_file_is_refused_by_name(tmp_path, text):
    file = tmp_path / "server.toml"
    file.write_text(text)
    done = run("config", "--config", file)
    assert done.returncode == 2
    assert "server.toml" in done.stderr


def test_missing_file_is_refused_by_name(tmp_path):
    done = run("config", "--config", tmp_path / "nowhere.toml")
    assert done.returncode == 2
    assert "nowhere.toml" in done.stderr


def test_config_shows_each_value_with_its_origin():
    done = run("config", env={"ARROW_PORT": "9999", "SOURCE_URL": "file:/ledgers"})
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert re.search(r"^.*9999.*ARROW_PORT.*$", text, re.MULTILINE), text
    assert re.search(r"^.*file:/ledgers.*SOURCE_URL.*$", text, re.MULTILINE), text
    assert "default" in text


def test_config_as_json_is_json():
    done = run("config", "--json", env={"ARROW_PORT": "9999"})
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    assert "9999" in done.stdout.decode()


def test_names_of_the_original_that_mean_nothing_here_give_one_warning():
    done = run("export", WHOLE, "--source", ledgers.PUBNET_LAKE, "--format", "null",
               env={"FLOWCTL_ENABLED": "true", "FLOWCTL_ENDPOINT": "localhost:8080",
                    "ENABLE_ANALYTICS": "true", "ENVIRONMENT": "production"})
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if "FLOWCTL_ENABLED" in line]
    assert len(lines) == 1
    assert "ENABLE_ANALYTICS" in done.stderr and "ENVIRONMENT" in done.stderr


def test_foreign_names_of_the_environment_are_left_alone():
    done = run("export", WHOLE, "--source", ledgers.PUBNET_LAKE, "--format", "null",
               env={"EDITOR": "vi", "GOPATH": "/go"})
    assert done.returncode == 0, done.stderr
    assert "EDITOR" not in done.stderr and "GOPATH" not in done.stderr


@pytest.mark.parametrize("args", [("--help",), ("serve", "--help"), ("get", "--help"),
                                  ("export", "--help"), ("verify", "--help"), ("inspect", "--help"),
                                  ("lake", "list", "--help"), ("schema", "--help")],
                         ids=" ".join)
def test_help_goes_to_stdout(args):
    done = run(*args)
    assert done.returncode == 0
    assert "stellar-arrow-source" in done.stdout.decode() or "--" in done.stdout.decode()
    assert done.stderr == ""


def test_version_is_told():
    done = run("version")
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+\.\d+", done.stdout.decode())


def test_tables_are_listed():
    done = run("tables")
    assert done.returncode == 0
    assert TABLE in done.stdout.decode()


def test_schema_tells_every_column(client):
    want = client.get_schema(path(TABLE), options(30)).schema
    for kind in ("text", "json", "markdown"):
        done = run("schema", TABLE, "--format", kind)
        assert done.returncode == 0, done.stderr
        text = done.stdout.decode()
        assert all(name in text for name in want.names)
        if kind == "json":
            json.loads(text)


def test_schema_tells_what_changed_since_another_version(tmp_path):
    done = run("schema", TABLE, "--diff", SCHEMAS / TABLE / "1.0.0.json")
    assert done.returncode == 0, done.stderr
    *added, verdict = done.stdout.decode().splitlines()
    assert len(added) == 21 and all(line.startswith("+ ") for line in added)
    assert verdict.startswith(f"{TABLE} 1.0.0 -> ")

    other = json.loads(run("schema", TABLE, "--format", "json").stdout)
    other["schema_version"] = "0.9.0"
    del other["columns"][3]
    path_of_other = tmp_path / "other.json"
    path_of_other.write_text(json.dumps(other))
    done = run("schema", TABLE, "--diff", path_of_other)
    assert done.returncode == 1
    assert done.stdout.decode() == "+ previous_ledger_hash fixed_size_binary[32] not null\n"
    assert "0.9.0" in done.stderr and "cannot read" in done.stderr


def test_schema_of_an_unknown_table_lists_the_tables():
    done = run("schema", "nothing")
    assert done.returncode == 2
    assert TABLE in done.stderr


@pytest.mark.parametrize("url", ["gopher:x", "s3x://bucket/lake", "framed:x?nonsense=1"])
def test_unknown_kind_of_source_is_refused(url):
    done = run("export", WHOLE, "--source", url, "--format", "null", timeout=60)
    assert done.returncode in (1, 2)
    assert done.stderr


@pytest.mark.parametrize("network", ["pubnett", ""])
def test_unknown_network_is_refused(network):
    done = run("export", WHOLE, "--source", ledgers.PUBNET_LAKE, "--network", network, "--format",
               "null", timeout=60)
    assert done.returncode == 2
    assert "network" in done.stderr


def test_talk_goes_to_stderr_and_no_bar_without_a_terminal():
    done = run("export", WHOLE, "--source", ledgers.PUBNET_LAKE, "--format", "csv", "--columns",
               "ledger_sequence")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 7
    assert "\r" not in done.stderr and "\x1b" not in done.stderr
