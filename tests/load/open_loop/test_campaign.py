"""The whole way with a real Locust: `hopcheck load --rate`, and the locustfile by itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.resources import files

import pytest

from hopcheck.cli import main
from hopcheck_load.measurement import records
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.stats.histograms import Histograms
from tools import calibrate

pytestmark = pytest.mark.locust

READ_TIMEOUT_S = 90.0


@pytest.fixture(scope="module")
def chain():
    with UpstreamProcess() as provider, calibrate.relays(provider.url) as url:
        yield provider.url, f"{url}/late-5ms/v1"


def test_a_measurement_under_load(chain, tmp_path, monkeypatch):
    upstream, hop = chain
    monkeypatch.setenv("A_KEY", "hopcheck-client-key")
    raw, page, html = tmp_path / "raw.ndjson", tmp_path / "report.json", tmp_path / "report.html"
    words = ["--rate", "30", "--duration", "2", "--processes", "2", "--measure", "chat,stream"]
    files_ = ["--raw", str(raw), "--json", str(page), "--html", str(html)]
    code = main(
        ["load", f"late={hop},A_KEY", "--upstream-url", upstream, *words, *files_, "--pid", f"me={os.getpid()}"]
    )
    document = json.loads(page.read_text())
    assert code == (3 if gate.is_invalid(document) else 0)  # on a busy machine the generator may be late
    assert report.violations(document) == []
    assert {row["name"] for row in document["workloads"]} == {"chat", "stream"}
    found = records.read(raw)
    assert {record.place for record in found.records} == {0, 1}
    late = [one for one in found.records if one.arm == "late" and one.workload == "chat"]
    assert all(one.failure == "" and one.upstream.attempts == 1 for one in late)
    assert all(one.done_ns - one.due_ns > 5_000_000 for one in late)
    assert {one["name"] for one in document["processes"]} == {"me", "late", "upstream"}
    assert "hopcheck-client-key" not in raw.read_text() + page.read_text() + html.read_text()
    assert report.build(found)["workloads"] == document["workloads"]


def test_an_interruption_keeps_what_was_measured(chain, tmp_path):
    upstream, hop = chain
    page, raw = tmp_path / "report.json", tmp_path / "raw.ndjson"
    words = ["--rate", "30", "--duration", "60", "--json", str(page), "--raw", str(raw), "--upstream-url", upstream]
    command = [sys.executable, "-c", "import sys; from hopcheck.cli import main; sys.exit(main())", "load"]
    environment = {**os.environ, "A_KEY": "hopcheck-client-key"}
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL}
    with subprocess.Popen([*command, f"late={hop},A_KEY", *words], env=environment, **pipes) as running:
        try:
            seen = b""
            while b", chat: " not in seen:  # measuring has begun: the progress names the stage
                read = running.stderr.read1(4096)
                assert read, seen
                seen += read
            running.send_signal(signal.SIGINT)
            running.stderr.read()
            assert running.wait(READ_TIMEOUT_S) == 130
        finally:
            running.kill()
    document = json.loads(page.read_text())
    assert document["partial"] == "interrupted"
    assert document["exit"] == 130
    counts = [one for row in document["workloads"] for one in row["exchanges"].values()]
    assert sum(one["failed"] for one in counts) == 0
    kept = [one for one in records.read(raw).records if one.arm == "late"]
    assert len(kept) > 30  # the three seconds that warmed up, at least
    assert sum(one.failure == "" for one in kept) > 30


def test_the_locustfile_by_itself(chain, tmp_path):
    upstream, hop = chain
    options = {
        "target": hop,
        "upstream": upstream,
        "rate": 20,
        "duration": 2,
        "workload": "stream",
        "hdr": tmp_path / "h",
    }
    words = [word for name, value in options.items() for word in (f"--hopcheck-{name}", str(value))]
    locustfile = str(files("hopcheck_load").joinpath("locustfile.py"))
    command = [sys.executable, "-m", "locust", "-f", locustfile, "--headless", "--only-summary"]
    environment = {**os.environ, "HOPCHECK_KEY": "hopcheck-client-key"}
    stats = tmp_path / "stats"
    done = subprocess.run(
        [*command, *words, "--json-file", str(stats)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = Histograms()
    kept.add(json.loads((tmp_path / "h").read_text()))
    entries = {(one["method"], one["name"]): one for one in json.loads((tmp_path / "stats.json").read_text())}
    assert [name for kind, name in entries if kind == "POST"] == ["stream via target"]  # all that is aggregated
    assert {name for kind, name in entries if kind == "direct"} == {"stream via direct", "stream via control"}
    kinds = ("POST", "dispatch lag", "service", "ttft", "itl", "chunk lag")
    assert {name for kind, name in entries} == {f"stream via {arm}" for arm in ("direct", "control", "target")}
    for kind in kinds:
        entry = entries[kind, "stream via target"]
        assert kept.count(f"{kind} stream via target") == entry["num_requests"] > 0
    assert any(not float(ms).is_integer() for ms in entries["itl", "stream via direct"]["response_times"])
    assert (
        entries["chunk lag", "stream via target"]["num_requests"]
        == 50 * entries["ttft", "stream via target"]["num_requests"]
    )
