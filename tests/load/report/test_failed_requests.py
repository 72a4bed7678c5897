"""Requests that failed, or were interrupted: they are infinitely late, or not counted."""

from __future__ import annotations

import json
import random
import re

import pytest

from hopcheck_load.measurement import records
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.comparison import compare
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.values import findings

pytestmark = pytest.mark.usefixtures("few_draws")


def test_requests_that_failed_are_infinitely_late(made):
    measurement = made.loaded(rate=300.0)
    hop = [one for one in measurement.records if one.arm == "hop" and not one.warmup]
    for record in hop[::8]:
        record.failure = "status 500"
    document = report.build(measurement)
    (row,) = document["workloads"]
    assert made.latency(row)["arms"]["hop"]["p90"] == float("inf")
    assert made.latency(row)["added"]["hop"]["difference_of_quantiles"]["p90"]["value"] == float("inf")
    assert made.latency(row)["added"]["hop"]["median"]["value"] < 1.1
    assert [one["outcome"] for one in gate.judge(document, gate.parse("p90=5s"))] == ["not measured"]
    text = report.text(document)
    assert '"p90": "infinite"' in text
    assert "Infinity" not in text


@pytest.mark.parametrize("share", [0.05, 0.49, 0.55])
def test_intervals_may_end_at_infinity(made, share):
    measurement, draw = made.loaded(rate=60.0), random.Random(1)
    for record in measurement.records:
        if record.arm == "hop" and draw.random() < share:
            record.failure = "status 500"
    document = report.build(measurement)
    assert report.violations(document) == []
    assert '"infinite"' in report.text(document)
    assert re.search(r"\b(nan|inf)\b", html_text(document)) is None


def test_infinity_is_read_again(made, tmp_path):
    measurement = made.loaded(rate=200.0)
    for record in measurement.records:
        record.failure = "status 500" if record.arm == "hop" else ""
    document = report.build(measurement)
    (tmp_path / "r.json").write_text(report.text(document))
    assert report.load(tmp_path / "r.json") == json.loads(json.dumps(document))
    (same,) = compare(document, document)[:1]
    assert same["outcome"] == "holds"


def test_requests_that_were_interrupted_have_not_failed(made):
    measurement = made.loaded()
    for record in measurement.records[-20:]:
        record.failure = records.INTERRUPTED
    (row,) = report.build(measurement)["workloads"]
    counts = row["exchanges"].values()
    assert sum(one["interrupted"] for one in counts) == 20
    assert sum(one["failed"] for one in counts) == 0
    assert made.latency(row)["arms"]["hop"]["n"] < row["exchanges"]["hop"]["asked"]
    assert row["load"]["overloaded"] == {}


def test_failures_count_as_overload_and_not_as_answers(made):
    measurement = made.loaded()
    hop = [one for one in measurement.records if one.arm == "hop"]
    for record in hop[: len(hop) // 2]:
        record.failure = "status 429"
    (row,) = report.build(measurement)["workloads"]
    assert "of the requests were answered well" in row["load"]["overloaded"]["hop"]
    assert row["load"]["answered"]["hop"] < 60.0


def test_a_hop_that_fails_has_not_recovered(made):
    """After the spike, it answers one request in ten, and that quickly."""
    spiked = made.loaded("spike", duration_s=20.0, added_ms=lambda due_s: 2.0)
    begin = spiked.header.load["begin_ns"]
    for number, record in enumerate(one for one in spiked.records if one.arm == "hop"):
        if (record.due_ns - begin) / 1e9 > 8.0 and number % 10:
            record.failure = "status 503"
    document = report.build(spiked)
    assert document["load"]["recovery_s"]["hop"] is None
    assert document["load"]["course"]["hop"][-1]["p50"] == float("inf")
    assert report.violations(document) == []
    assert re.search(r"\b(nan|inf)\b", html_text(document)) is None


def test_a_hop_that_fails_more_and_more_shows_in_a_soak(made, tmp_path):
    soak = made.loaded("soak", duration_s=20.0)
    begin = soak.header.load["begin_ns"]
    for record in soak.records:
        if record.arm == "hop" and (record.due_ns - begin) / 1e9 > 15.0:
            record.failure = "status 503"
    document = report.build(soak)
    assert document["load"]["drift"]["hop"]["last_ms"] == float("inf")
    (tmp_path / "r.json").write_text(report.text(document))
    assert report.load(tmp_path / "r.json")["load"]["drift"] == document["load"]["drift"]
    assert findings(document)[0].endswith("∞ in the last")
