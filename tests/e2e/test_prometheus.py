"""A real Prometheus scrapes the server, finds nothing wrong with what it reads, and its alerts fire."""

import json
import os
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

import ledgers
from program import ROOT, TABLE, eventually, read, serve

RULES = ROOT / "deploy/prometheus/alerts.yml"
WHOLE = f"{TABLE}:{ledgers.FIRST}:{ledgers.NEWEST}"
PLACES = os.pathsep.join([str(ROOT / "build/deps/prometheus/usr/bin"), os.environ.get("PATH", "")])
PROMETHEUS, PROMTOOL = (shutil.which(name, path=PLACES) for name in ("prometheus", "promtool"))

pytestmark = pytest.mark.skipif(PROMETHEUS is None or PROMTOOL is None,
                                reason="no Prometheus here (scripts/setup.sh prometheus)")


def promtool(*args, stdin=""):
    done = subprocess.run([PROMTOOL, *map(str, args)], input=stdin, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_promtool_has_nothing_to_say_of_the_metrics():
    with serve(ledgers.PUBNET_LAKE) as server, server.connect() as client:
        read(client, WHOLE).ended()
        assert read(client, "nonsense").error
        assert promtool("check", "metrics", stdin=server.probe("/metrics")[2]) == (0, "")


def test_rules_are_rules_and_each_fires_where_it_should():
    assert promtool("check", "config", ROOT / "deploy/prometheus/prometheus.yml")[0] == 0
    code, said = promtool("test", "rules", ROOT / "tests/deploy/alerts_test.yml")
    assert code == 0, said


def test_rules_ask_for_metrics_that_there_are_and_say_what_to_do():
    text = RULES.read_text()
    listed = set(re.findall(r"^\| `(\S+)`", (ROOT / "docs/metrics.md").read_text(), re.M))
    assert set(re.findall(r"\bstellar_arrow_\w+", text)) <= listed
    assert text.count("- alert: ") == text.count("summary: ") == text.count("action: ")
    fired = (ROOT / "tests/deploy/alerts_test.yml").read_text()
    for name in re.findall(r"- alert: (\w+)", text):
        assert name in fired


def panels():
    """Each expression of the dashboard, as Grafana fills it in."""
    dashboard = json.loads((ROOT / "deploy/grafana/stellar-arrow-source.json").read_text())
    return [target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            for panel in dashboard["panels"] for target in panel["targets"]]


class Prometheus:
    """Scrapes a server every half second, by the rules of deploy/ with their waits taken out."""

    def __init__(self, server, folder):
        with socket.socket() as probe:  # free now; nobody else here takes ports by number
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        (folder / "alerts.yml").write_text(re.sub(r"^ *for: .*\n", "", RULES.read_text(), flags=re.M))
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "stellar-arrow-source", "static_configs": [
                {"targets": [f"127.0.0.1:{server.metrics_port}"]}]}]}))
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            [PROMETHEUS, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self._port}"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def ask(self, what, **parameters):
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:  # not there yet
            return None

    def value(self, query):
        """Of the only series that the query gives, or None."""
        data = self.ask("query", query=query)
        return float(data["result"][0]["value"][1]) if data and data["result"] else None

    def firing(self):
        data = self.ask("alerts")
        return {alert["labels"]["alertname"] for alert in data["alerts"]
                if alert["state"] == "firing"} if data else set()


def test_prometheus_reads_what_was_streamed_and_tells_when_the_source_is_gone(lake, pubnet, tmp_path):
    source = lake(pubnet)
    (tmp_path / "prometheus").mkdir()
    with serve(source) as server, server.connect() as client:
        with Prometheus(server, tmp_path / "prometheus") as prometheus:
            eventually(lambda: prometheus.value("up") == 1, 60)
            for _ in range(3):
                read(client, WHOLE).ended()
            eventually(lambda: prometheus.value("stellar_arrow_ledgers_processed_total") == 18)
            assert prometheus.value("stellar_arrow_records_streamed_total") == 18
            assert prometheus.value('stellar_arrow_rows_total{table="stellar_ledger"}') == 18
            assert prometheus.value("stellar_arrow_processing_duration_seconds_count") == 18
            assert prometheus.value(
                "histogram_quantile(0.99, stellar_arrow_processing_duration_seconds_bucket)") > 0
            # It takes the kinds and meanings for what they are.
            meanings = prometheus.ask("metadata")
            listed = re.findall(r"^\| `(\S+)` \| (\w+) \| ([^|]*) \|",
                                (ROOT / "docs/metrics.md").read_text(), re.M)
            known = {name: (meanings[name][0]["type"], meanings[name][0]["help"])
                     for name, _, _ in listed if name in meanings}
            assert len(known) > 20
            assert known == {name: (kind, said) for name, kind, said in listed if name in known}

            # Every panel of the dashboard has something to show.
            for expression in panels():
                eventually(lambda expression=expression: prometheus.ask(
                    "query", query=expression)["result"], 60)

            assert "StellarArrowSourceDown" not in prometheus.firing()
            source.rename(tmp_path / "elsewhere")
            eventually(lambda: "StellarArrowSourceDown" in prometheus.firing(), 60)
            (tmp_path / "elsewhere").rename(source)
            eventually(lambda: "StellarArrowSourceDown" not in prometheus.firing(), 60)
            assert prometheus.value("stellar_arrow_ready") == 1
