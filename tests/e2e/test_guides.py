"""What the guides in docs/ say is so: their commands run, their messages come, what they name is there."""

import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import pyarrow as pa
import pyarrow.flight as flight
import pytest

import disk
import ledgers
import preloaded
import program
from checkpoints import Client
from program import TABLE, read, run, serve
from services import raw_ledgers

FIRST, NEWEST = ledgers.FIRST, ledgers.NEWEST
DOCS = program.ROOT / "docs"
OPERATIONS = (DOCS / "operations.md").read_text()
ORIGINAL = (DOCS / "from-the-original.md").read_text()
ANY_PORTS = {"ARROW_PORT": "0", "METRICS_PORT": "0", "HEALTH_PORT": "0"}


def anchors(document):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", document.read_text(), re.M)}


@pytest.mark.parametrize("name", ["operations.md", "promises.md", "from-the-original.md"])
def test_every_link_of_a_guide_leads_somewhere(name):
    for path, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", (DOCS / name).read_text()):
        if path.startswith("https://"):
            continue
        target = DOCS / path if path else DOCS / name
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_commands_for_who_runs_a_server_run(tmp_path):
    blocks = re.findall(r"```sh\n(.*?)```", OPERATIONS, re.S)
    assert len(blocks) >= 4
    folder = tmp_path / "checkpoints"
    with serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(folder)}) as server, Client(server) as client:
        client.ack("mine", client.read(f"{TABLE}:{FIRST}:{NEWEST}", "mine")[1][0])
        environment = program.environment({
            "PATH": f"{os.path.dirname(program.PROGRAM)}:{os.environ['PATH']}",
            "LAKE": str(ledgers.PUBNET_LAKE), "CHECKPOINT_DIR": str(folder), "BACKUP": str(tmp_path / "backup")})
        for block in blocks:
            for port, ours in (("8815", server.port), ("8088", server.health_port),
                               ("9090", server.metrics_port)):
                block = block.replace(f"localhost:{port}", f"localhost:{ours}")
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], env=environment,
                                  capture_output=True, timeout=60, check=False)
            assert done.returncode == 0 and done.stdout, (block, done.stderr)
        client.ack("mine", client.read(f"{TABLE}:{FIRST}:{NEWEST}")[1][1])
    # The copy is of a server that runs, and brings clients back to where they were then.
    with serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(tmp_path / "backup")}) as server, \
            Client(server) as client:
        assert client.read(f"{TABLE}:{FIRST}:{NEWEST}", "mine")[0] == list(range(FIRST + 1, NEWEST + 1))


def test_guide_has_every_alert_there_is_and_no_other():
    rules = (program.ROOT / "deploy/prometheus/alerts.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert alerts and sorted(alerts) == sorted(re.findall(r"`(StellarArrow\w+)`", OPERATIONS))


def start_messages(tmp_path):
    """What servers say that do not start, or warn."""
    def start(*args, source=ledgers.PUBNET_LAKE, before=(), **env):
        done = subprocess.run([*before, program.PROGRAM, "serve", "--source", str(source), *map(str, args)],
                              env=program.environment(ANY_PORTS | env), capture_output=True, check=False)
        assert done.returncode in (1, 2), done.stderr
        return done.stderr.decode()

    folder = tmp_path / "checkpoints"
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "bad.toml").write_text('sorce = "x"\n')
    with serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(folder)}) as server:
        yield start("--port", server.port)
        yield start(CHECKPOINT_DIR=str(folder))
    yield run("serve", env=ANY_PORTS).stderr
    yield start(source=tmp_path / "nowhere")
    yield start(source=tmp_path / "empty")
    yield run("serve", env=ANY_PORTS | {"SOURCE_ENDPOINT": "localhost:1", "MOCK_DATA": "true"}).stderr
    with serve("grpc://127.0.0.1:1", "--max-attempts", "2") as server:
        yield server.log
    yield start(BATCH_SIZE="abc")
    yield start("--config", tmp_path / "bad.toml")
    yield start(CHECKPOINT_DIR=str(tmp_path / "link"))
    yield start(CHECKPOINT_DIR=str(tmp_path / "open"))
    yield start(CHECKPOINT_DIR="/proc/nothing")
    yield start("--network", "testnet")
    shutil.copytree(ledgers.PUBNET_LAKE, tmp_path / "unnamed")
    (tmp_path / "unnamed/.config.json").unlink()
    yield start("--network", "testnet", source=tmp_path / "unnamed")
    yield start(source=tmp_path / "nowhere", FLOWCTL_ENABLED="true")
    with serve(ledgers.PUBNET_LAKE, before=("prlimit", "--nofile=100")) as server:
        yield server.log


def stream_messages(tmp_path):
    """What ends streams, and calls."""
    whole, open_ = f"{TABLE}:{FIRST}:{NEWEST}", f"{TABLE}:{FIRST}"

    def error_of(source, *args, ticket=whole):
        with serve(source, *args) as server, server.connect() as client:
            return str(read(client, ticket).error)

    def copy(name, object_of=None):
        folder = tmp_path / name
        shutil.copytree(ledgers.PUBNET_LAKE, folder)
        return folder, ledgers.object_path(folder, object_of) if object_of else None

    gap, missing = copy("gap", FIRST + 3)
    missing.unlink()
    yield error_of(gap)
    damaged, zipped = copy("damaged", FIRST + 3)
    content = bytearray(zipped.read_bytes())
    content[len(content) // 2] ^= 1
    zipped.write_bytes(content)
    yield error_of(damaged)
    named, _ = copy("named")
    manifest = named / ".config.json"
    manifest.write_text(manifest.read_text().replace(ledgers.PUBNET, ledgers.TESTNET))
    yield error_of(named)
    made_up = tmp_path / "made-up"
    assert run("lake", "write", "--source", "synthetic:?count=1", "--output", made_up).returncode == 0
    (made_up / ".config.json").unlink()
    yield run("export", "transactions", "--source", made_up, "--format", "null").stderr
    yield error_of(ledgers.PUBNET_LAKE, ticket=f"{TABLE}:1:2")
    with raw_ledgers(ledgers.PUBNET_LAKE) as port:
        yield error_of(f"grpc://127.0.0.1:{port}", ticket=TABLE)
    big = ledgers.write_lake(
        tmp_path / "big", ledgers.make_chain(1024, [630_000] * 64, noise_bytes=20_000), per_file=64)
    yield error_of(big, "--max-memory", "24MiB", ticket=f"{TABLE}:1024:1030")
    yield error_of(big, "--max-object-bytes", "4MiB", ticket=f"{TABLE}:1024:1030")
    gone, _ = copy("gone")
    with serve(gone) as server, server.connect() as client:
        gone.rename(tmp_path / "away")
        yield str(read(client, whole).error)
    for limit in ("--max-streams", "--max-streams-per-peer"):
        with serve(ledgers.PUBNET_LAKE, limit, "1") as server, server.connect() as client:
            reader = client.do_get(flight.Ticket(open_))
            reader.read_chunk()
            yield str(read(client, whole).error)
            server.send(signal.SIGTERM)
            with pytest.raises(pa.ArrowException) as ended:
                while True:
                    reader.read_chunk()
            yield str(ended.value)
            server.wait()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with serve(f"framed:{pipe}?follow=true") as server, server.connect() as client, \
            concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(read, client, TABLE, 3)
        time.sleep(0.5)
        yield str(read(client, TABLE, 3).error)
        first.result()


def checkpoint_messages(tmp_path):
    folder = tmp_path / "kept"
    whole = f"{TABLE}:{FIRST}:{NEWEST}"
    with serve(ledgers.PUBNET_LAKE, env={"CHECKPOINT_DIR": str(folder)}) as server, Client(server) as client:
        cursor = client.read(whole, "mine")[1][-1]
        client.ack("mine", cursor)
        with pytest.raises(pa.ArrowException) as ended:
            client.read(whole, cursor=cursor | {"last_hash": "00" * 32})
        yield str(ended.value)
        os.truncate(folder / "stream_mine.checkpoint", 50)
        with pytest.raises(pa.ArrowException) as ended:
            client.read(whole, "mine")
        yield str(ended.value)
    faulty = disk.Disk(disk.build(tmp_path), folder)
    faulty.fill()
    yield run("checkpoint", "ack", "other", json.dumps(cursor), env=faulty.environment()).stderr


@pytest.mark.skipif(preloaded.COMPILER is None, reason="no C compiler here")
def test_every_message_of_the_list_is_one_that_comes(tmp_path):
    listed = re.findall(r"^\| `(.+?)` \| .+ \|$", OPERATIONS[OPERATIONS.index("## Messages"):], re.M)
    assert len(listed) > 20
    came = [*start_messages(tmp_path), *stream_messages(tmp_path), *checkpoint_messages(tmp_path)]

    def is_of(message, text):
        return re.search(".+".join(map(re.escape, message.split("…"))), text)

    assert [text for text in came if not any(is_of(message, text) for message in listed)] == []
    never = [message for message in listed if not any(is_of(message, text) for text in came)]
    assert never == ["Too many pings"]  # it has a test of its own


@pytest.mark.nightly
def test_pings_that_come_sooner_than_every_five_minutes_end_a_stream(server):
    """While nothing else is sent. The setting is gRPC's, and out of reach (docs/limits.md)."""
    options = [("grpc.keepalive_time_ms", 10_000), ("grpc.http2.max_pings_without_data", 0)]
    with flight.connect(server.location, generic_options=options) as client:
        error = read(client, f"{TABLE}:{FIRST}", seconds=120).error
    assert isinstance(error, flight.FlightUnavailableError) and "Too many pings" in str(error)


# What the original's program reads, and what its papers tell of besides.
ITS_SETTINGS = """
ARROW_PORT HEALTH_PORT SOURCE_ENDPOINT NETWORK_PASSPHRASE STELLAR_NETWORK BATCH_SIZE MAX_CONNECTIONS MOCK_DATA
LOG_LEVEL ENVIRONMENT ENABLE_ANALYTICS FLOWCTL_ENABLED FLOWCTL_ENDPOINT FLOWCTL_HEARTBEAT_INTERVAL
PORT METRICS_PORT ARROW_COMPRESSION ARROW_COMPRESSION_LEVEL PARALLEL_WORKERS CHECKPOINT_DIR CHECKPOINT_INTERVAL
ARROW_MAX_MEMORY ARROW_POOL_MONITOR_INTERVAL MAX_RETRY_ATTEMPTS CIRCUIT_BREAKER_THRESHOLD
"""
SETTINGS = re.findall(r"^\| `([A-Z_]+)=(.+?)` \| .+? \| .+? \| (same|other|nothing) \|$", ORIGINAL, re.M)


def test_guide_has_every_setting_of_the_original():
    assert sorted(name for name, *_ in SETTINGS) == sorted(ITS_SETTINGS.split())


@pytest.mark.parametrize("name,value,kind", SETTINGS, ids=[name for name, *_ in SETTINGS])
def test_server_takes_a_setting_of_the_original_as_the_guide_says(tmp_path, name, value, kind):
    if name == "CHECKPOINT_DIR":  # that of another server may be there
        value = str(tmp_path / "checkpoints")
    if name.endswith("PORT"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            value = str(free.getsockname()[1])
    shown = run("config", "--json", env={name: value})
    assert shown.returncode == 0, shown.stderr
    in_force = [option["value"] for option in json.loads(shown.stdout).values()
                if option["origin"] in (f"environment {name}", f"environment {name}={value}")]
    with serve(ledgers.PUBNET_LAKE, env={name: value}, port=None if name == "PORT" else "0") as server:
        warned = f"the environment sets {name}, which mean nothing here" in server.log
        if name.endswith("PORT"):
            assert int(value) in (server.port, server.metrics_port, server.health_port)
    assert (len(in_force), warned) == ((0, True) if kind == "nothing" else (1, False))
    assert name == "MOCK_DATA" or in_force in ([], [value], ["grpc://" + value])


def test_each_promise_names_tests_and_says_which_are_nightly():
    promises = re.split(r"^## ", (DOCS / "promises.md").read_text(), flags=re.M)[1:]
    assert len(promises) == 12
    nightly = set()
    for file in pathlib.Path(__file__).parent.glob("test_*.py"):
        nightly |= {f"{file.name}::{name}" for name in re.findall(
            r"^@pytest\.mark\.nightly\n(?:@.*\n)*def (test_\w+)", file.read_text(), re.M)}
    assert len(nightly) > 10
    for promise in promises:
        named = re.findall(r"`(test_\w+\.py::\w+|[A-Z]\w+\.[A-Z]\w+)`( \(nightly\))?", promise)
        assert named, promise
        for name, marked in named:
            assert bool(marked) == (name in nightly), name
