"""Metrics of a run: a scrape and a collector see the counts of the report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hopcheck.cli import main
from hopcheck_load.export.metrics import observe_all
from hopcheck_load.export.otlp import OtlpSink
from hopcheck_load.export.prometheus import PrometheusSink
from hopcheck_load.measurement import records
from hopcheck_load.report import document as report
from tests.load.metric_receivers import counts_of, scrape, scraped_counts

pytestmark = pytest.mark.usefixtures("few_draws")

DASHBOARD = Path(__file__).parents[3] / "examples" / "load" / "grafana-dashboard.json"


@pytest.fixture(scope="module")
def measurement(made):
    """A run in which each tenth request fails, and the last ones were interrupted."""
    measured = made.loaded(duration_s=6.0)
    for record in measured.records[::10]:
        record.failure = "status 500"
    for record in measured.records[-5:]:
        record.failure = records.INTERRUPTED
    return measured


@pytest.fixture(scope="module")
def expected(measurement):
    """The report's counts by stage, arm and outcome."""
    return counts_of(report.build(measurement))


@pytest.fixture
def prometheus():
    sink = PrometheusSink(0)
    yield sink
    sink.close()


def test_a_scrape_sees_the_counts_of_the_report(prometheus, measurement, expected):
    half = len(measurement.records) // 2
    observe_all([prometheus], measurement.records[:half])
    so_far = scraped_counts(scrape(prometheus.port))
    assert 0 < so_far.total() < expected.total()
    observe_all([prometheus], measurement.records[half:])
    assert scraped_counts(scrape(prometheus.port)) == expected


def test_histograms_hold_the_answered_requests(prometheus, measurement, expected):
    observe_all([prometheus], measurement.records)
    (family,) = [one for one in scrape(prometheus.port) if one.name == "hopcheck_load_latency_seconds"]
    counts = {one.labels["arm"]: one.value for one in family.samples if one.name.endswith("_count")}
    assert counts == {arm: expected["chat", arm, "answered"] for arm in ("direct", "control", "hop")}
    sums = {one.labels["arm"]: one.value for one in family.samples if one.name.endswith("_sum")}
    assert sums["hop"] / counts["hop"] == pytest.approx(1.35e-3, rel=0.1)


@pytest.mark.parametrize("path", ["", "/", "/v1/metrics"])
def test_a_collector_sees_the_counts_of_the_report(collector, measurement, expected, path):
    sink = OtlpSink(collector.url + path)
    observe_all([sink], measurement.records)
    sink.close()
    assert collector.counts() == expected
    (latency,) = [one for one in collector.metrics() if one.name == "hopcheck.load.latency"]
    assert latency.unit == "s"
    assert len(latency.histogram.data_points) == 3
    assert min(latency.histogram.data_points[0].explicit_bounds) == 0.0001


def test_the_dashboard_asks_for_metrics_that_there_are(prometheus, measurement, made):
    observe_all([prometheus], [*measurement.records, made.streamed(0, "hop", lambda place: 0.1)])
    samples = [sample for family in scrape(prometheus.port) for sample in family.samples]
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert {name for text in asked for name in re.findall(r"hopcheck_load_\w+", text)} <= {one.name for one in samples}
    labels = {name for text in asked for some in re.findall(r"by \(([\w, ]+)\)", text) for name in some.split(", ")}
    assert labels <= {name for one in samples for name in one.labels}
    assert all(text.count("(") == text.count(")") and text.count("{") == text.count("}") for text in asked)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


@pytest.mark.parametrize("words", [["--prometheus", "0"], ["--otlp", "http://127.0.0.1:1"]])
def test_metrics_are_for_runs_under_load(words, capsys):
    assert main(["load", "http://127.0.0.1:1/v1", "--upstream-port", "0", *words]) == 2
    assert f"{words[0]} is for a measurement under load" in capsys.readouterr().err
