"""A machine that gives the program little: few descriptors, few threads, one core."""

import concurrent.futures
import os
import shutil
import subprocess
import time

import pyarrow.flight as flight
import pytest

import ledgers
from program import PROGRAM, TABLE, Crowd, eventually, read, serve, wire_code


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    chain = ledgers.make_chain(1000, [100_000] * 200)
    return ledgers.write_lake(tmp_path_factory.mktemp("scarcity") / "lake", chain)


def cpu_of_a_second(server):
    before = server.cpu_seconds()
    time.sleep(1)
    return server.cpu_seconds() - before


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="no prlimit here")
def test_more_clients_than_descriptors_hold_up_the_streams_there_are_and_no_more(lake):
    whole = f"{TABLE}:1000:1199"
    with serve(lake, "--threads", "1", before=("prlimit", "--nofile=64:64")) as server:
        assert "64 file descriptors are too few for 512 streams" in server.log
        with server.connect() as client, concurrent.futures.ThreadPoolExecutor(4) as pool:
            readers = [client.do_get(flight.Ticket(whole)) for _ in range(4)]
            rows = [reader.read_chunk().data.num_rows for reader in readers]

            def read_on(number):
                return rows[number] + sum(chunk.data.num_rows for chunk in readers[number])

            with Crowd(server, 200, f"{TABLE}:1000", "stall") as crowd:
                eventually(lambda: server.descriptors() >= 62, 60)
                eventually(lambda: cpu_of_a_second(server) < 0.2)  # it does not spin
                # Probes are answered, though not a descriptor is left.
                assert [server.probe("/livez")[0] for _ in range(20)] == [200] * 20
                totals = [pool.submit(read_on, number) for number in range(4)]
                time.sleep(1)
                assert crowd.count("reading") < 64
            assert [total.result(30) for total in totals] == [200] * 4
        eventually(lambda: server.descriptors() < 30, 5)
        with server.connect() as client:
            assert len(read(client, whole, seconds=5).ended().sequences) == 200


@pytest.mark.skipif(shutil.which("taskset") is None, reason="no taskset here")
def test_more_workers_than_cores_finish_all_the_same(lake):
    with serve(lake, "--threads", "16", before=("taskset", "--cpu-list", "0")) as server, \
            server.connect() as client:
        for _ in range(5):
            assert len(read(client, f"{TABLE}:1000:1199").ended().sequences) == 200


@pytest.mark.skipif(os.geteuid() != 0 or None in map(shutil.which, ("setpriv", "prlimit")),
                    reason="only root becomes a user of few threads, with setpriv and prlimit")
def test_stream_without_threads_is_refused_until_another_has_ended():
    user = str(60_000 + os.getpid() % 5000)  # limits count all that a user runs
    before = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups",
              "prlimit", "--nproc=45:45")
    if subprocess.run([*before, PROGRAM, "version"], capture_output=True, check=False).returncode:
        pytest.skip("other users cannot run the program here")
    with serve("synthetic:?transactions=5", "--threads", "20", before=before) as server, \
            server.connect() as client:
        running = client.do_get(flight.Ticket(f"{TABLE}:2"))
        assert running.read_chunk().data.num_rows
        error = read(client, f"{TABLE}:2:100").error
        assert wire_code(error) == "RESOURCE_EXHAUSTED"
        assert "cannot start a thread" in str(error) and "20, as --threads says" in str(error)
        assert running.read_chunk().data.num_rows
        running.cancel()
        eventually(lambda: read(client, f"{TABLE}:2:100").error is None)
