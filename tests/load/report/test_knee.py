"""Where latency breaks away: the knee of a load profile, from records whose truth is known."""

from __future__ import annotations

import pytest

from hopcheck.cli import main
from hopcheck_load.measurement import records
from hopcheck_load.report import document as report
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.values import findings

pytestmark = pytest.mark.usefixtures("few_draws")


def test_a_knee(made):
    queueing = made.loaded("steps", rate=200.0, duration_s=30.0, added_ms=lambda due_s: 40.0 if due_s > 22.5 else 2.0)
    document = report.build(queueing)
    assert document["load"]["knee"] == [
        {
            "hop": "hop",
            "workload": "chat",
            "outcome": "found",
            "rate": 150.0,
            "saturated": 180.0,
            "up_to": 200.0,
            "rates": 6,
        }
    ]
    assert findings(document) == ["hop: the knee is at 150/s"]
    assert "knee at 150/s" in html_text(document)
    assert report.violations(document) == []


def test_workloads_have_knees_of_their_own(made):
    """One is slower than the other at every rate, and neither bends."""
    steps = made.loaded("steps", rate=200.0, duration_s=30.0, workloads={"chat": 1.0, "1k": 5.0})
    document = report.build(steps)
    assert findings(document) == ["hop, chat: no knee up to 100/s", "hop, 1k: no knee up to 100/s"]
    assert html_text(document).count("What each hop adds to") == 4  # each for wide and for narrow screens


def test_a_hop_that_fails_at_every_rate_has_no_good_rate(made):
    steps = made.loaded("steps", rate=200.0, duration_s=30.0)
    for record in steps.records:
        if record.arm == "hop":
            record.failure = "status 500"
    document = report.build(steps)
    assert findings(document) == ["hop: saturated at the lowest rate already, 20/s"]
    assert report.violations(document) == []
    assert "∞" in html_text(document)


def test_invalid_rates_do_not_count_for_the_knee(made):
    """At 100 and 150 a second it is late: somewhere from 50 to 180 the curve bends."""
    queueing = made.loaded("steps", rate=200.0, duration_s=30.0, added_ms=lambda due_s: 60.0 if due_s > 12.0 else 2.0)
    late_between(queueing, made, 12.0, 21.0)
    document = report.build(queueing)
    assert findings(document) == ["hop: the knee is between 50/s and 180/s; the rates in between are invalid"]


def late_between(measurement, made, begin_s, end_s):
    begin = measurement.header.load["begin_ns"]
    for record in measurement.records:
        if begin_s <= (record.due_ns - begin) / 1e9 < end_s:
            record.dispatched_ns = record.due_ns + 30 * made.MS


def test_no_knee_up_to_the_last_valid_rate(made):
    steps = made.loaded("steps", rate=200.0, duration_s=30.0)
    late_between(steps, made, 25.6, 99.0)
    assert findings(report.build(steps)) == ["hop: no knee up to 180/s"]


def test_no_valid_stage_means_no_knee_and_exit_code_3(made, tmp_path, capsys):
    steps = made.loaded("steps", rate=200.0, duration_s=30.0, added_ms=lambda due_s: 40.0 if due_s > 22.5 else 2.0)
    late_between(steps, made, 0.0, 99.0)
    records.write(steps, tmp_path / "raw.ndjson")
    assert main(["load", "--from", str(tmp_path / "raw.ndjson")]) == 3
    printed = capsys.readouterr()
    assert "the knee is unknown, no rate is valid" in printed.out
    assert "no stage is valid" in printed.err


def test_an_upstream_that_is_full_makes_no_knee(made):
    full = made.loaded("steps", rate=200.0, duration_s=30.0, added_ms=lambda due_s: 40.0 if due_s > 22.5 else 2.0)
    begin = full.header.load["begin_ns"]
    for record in full.records:
        if record.arm == "direct" and (record.due_ns - begin) / 1e9 > 22.5:
            record.done_ns += 5 * made.MS
    document = report.build(full)
    assert [bool(row["load"]["invalid"]) for row in document["workloads"]] == [False] * 4 + [True] * 2
    assert findings(document) == ["hop: no knee up to 150/s"]
