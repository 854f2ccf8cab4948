"""The server's log: JSON lines for programs, plain ones for people, and nothing that a client forged."""

import contextlib
import json
import os
import pty
import re
import subprocess

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import ledgers
from program import (PROGRAM, TABLE, environment, eventually, path, read, run, serve)

WHOLE = f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"
EVIL = ["\r\n{\"level\":\"error\"}", "\x1b[31m", "\x9b2J", "\x7f", "\u2028", '"}'] * 20


def test_every_line_is_an_object_whatever_clients_send():
    with serve(ledgers.PUBNET_LAKE, "--log-level", "debug") as server:
        with server.connect() as client:
            read(client, WHOLE).ended()
            for text in EVIL:
                assert read(client, text).error
                assert read(client, json.dumps({"table": TABLE, "columns": [text]})).error
                with pytest.raises(pa.ArrowException):
                    client.get_flight_info(path(text))
                with contextlib.suppress(pa.ArrowException):
                    list(client.do_action(flight.Action(text, text.encode())))
        eventually(lambda: " ended at its end" in server.log)
    assert "stopped" in server.log
    assert server.log.count("refused: INVALID_ARGUMENT: ") >= 20
    for line in server.raw_lines:
        assert re.fullmatch(r"[ -~]+\n", line), line
        entry = json.loads(line)
        assert entry.keys() == {"time", "level", "message"}
        assert entry["level"] in ("debug", "info", "warning", "error"), line
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])


def test_what_ends_the_server_is_in_its_log_too():
    done = run("serve", "--source", "/no/such/lake", env={"METRICS_PORT": "0", "HEALTH_PORT": "0"})
    assert done.returncode != 0
    entry = json.loads(done.stderr.splitlines()[-1])
    assert entry["level"] == "error" and "/no/such/lake" in entry["message"]


def test_level_of_the_environment_is_the_least_that_is_told():
    with serve(ledgers.PUBNET_LAKE, env={"LOG_LEVEL": "info"}) as server:
        levels = {json.loads(line)["level"] for line in server.raw_lines}
    assert "info" in levels
    done = run("serve", "--source", "/no/such/lake",
               env={"METRICS_PORT": "0", "HEALTH_PORT": "0", "LOG_LEVEL": "error"})
    assert [json.loads(line)["level"] for line in done.stderr.splitlines()] == ["error"]


def test_terminal_shows_lines_for_people():
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--source", str(ledgers.PUBNET_LAKE), "--port", "0",
             "--metrics-port", "0", "--health-port", "0"],
            stdin=subprocess.DEVNULL, stderr=theirs, env=environment({"NO_COLOR": "1"}))
        os.close(theirs)
        text = b""
        while b"listening on grpc" not in text:
            text += terminal.read(4096)
        process.terminate()
        assert process.wait(30) == 0
    assert re.search(rb"^\d{4}-\d\d-\d\dT[0-9:.]+Z info listening on grpc", text, re.M)
    assert b'"level"' not in text
