"""The report of a run under load, from records whose truth is known."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from hopcheck.cli import main
from hopcheck_load.measurement import records
from hopcheck_load.measurement.load_plan import from_document
from hopcheck_load.open_loop import spool
from hopcheck_load.open_loop.upstream_times import SETTLE_S, fetch_times_s
from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.render import rates
from hopcheck_load.report.render.headlines import headlines
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text
from hopcheck_load.report.render.values import findings
from hopcheck_load.stats.histograms import Histograms

pytestmark = pytest.mark.usefixtures("few_draws")


def test_what_a_hop_adds_under_load(made):
    document = report.build(made.loaded())
    assert report.violations(document) == []
    (row,) = document["workloads"]
    added = made.latency(row)["added"]["hop"]
    assert added["median"]["low"] < 1.0 < added["median"]["high"]
    assert added["median"]["high"] - added["median"]["low"] < 0.05
    assert abs(made.latency(row)["added"]["control"]["median"]["value"]) < 0.01
    assert row["load"]["answered"]["hop"] == pytest.approx(100.0, rel=0.1)
    assert row["legs"]["hop"]["wait"] == pytest.approx(0.05)
    assert row["legs"]["hop"]["request"] == pytest.approx(0.625, abs=0.01)


def test_the_method_under_load_names_no_rounds(made):
    method = report.build(made.loaded())["method"]
    assert [word for word, meaning in method.items() if " round" in meaning] == []
    assert "open loop" in method["arrivals"]


def test_latency_counts_from_when_it_was_due(made):
    (row,) = report.build(made.loaded(late_ms=lambda number: 0.9))["workloads"]
    measures = {one["name"]: one["arms"]["hop"]["p50"] for one in row["measures"]}
    assert measures["latency"] == pytest.approx(measures["service"] + 0.9, abs=0.005)
    assert measures["dispatch"] == pytest.approx(0.9)


def test_a_freezing_server_shows(made):
    """It freezes for the first second of every five: what is due meanwhile waits."""
    frozen = made.loaded(rate=600.0, added_ms=lambda due_s: max(0.0, 1.0 - due_s % 5.0) * 1e3)
    (row,) = report.build(frozen)["workloads"]
    assert made.latency(row)["arms"]["hop"]["p99"] >= 900.0
    assert made.latency(row)["arms"]["hop"]["p50"] < 1.0


def test_histograms_agree_with_the_records(made):
    (row,) = report.build(made.loaded(rate=300.0, duration_s=8.0))["workloads"]
    kept = Histograms()
    kept.add({"hop": row["load"]["histograms"]["hop"]})
    exact = made.latency(row)["arms"]["hop"]
    assert kept.count("hop") == exact["n"]
    assert kept.quantile_ms("hop", 0.9) == pytest.approx(exact["p90"], rel=2e-3)


def test_the_table_of_rates(made):
    steps = made.loaded("steps", rate=200.0, duration_s=30.0)
    for record in [one for one in steps.records if one.arm == "hop"][::50]:
        record.failure = "status 500"
    document = report.build(steps)
    rows = list(rates.table_rows(document))
    assert [row[1] for row in rows[::2]] == ["20/s", "50/s", "100/s", "150/s", "180/s", "200/s"]
    assert {row[2] for row in rows} == {"direct", "hop"}
    assert all(re.fullmatch(r"\d+ \(\d.* %\)", row[7]) for row in rows if row[2] == "hop")
    assert re.match(r"~\d", rows[-1][4])
    lines = list(csv.DictReader(io.StringIO(rates.csv_text(document))))
    (last,) = [line for line in lines if (line["row"], line["measure"], line["arm"]) == ("chat@200", "latency", "hop")]
    assert float(last["added"]) == pytest.approx(1.0, abs=0.02)
    assert int(last["asked"]) - int(last["failed"]) > 700


def test_a_slow_hop_tolerates_a_slightly_late_generator(made):
    """2 ms are more than a tenth of what it takes directly, and less than a tenth of what it takes through the hop."""
    (slow,) = report.build(made.loaded(added_ms=lambda due_s: 30.0, late_ms=lambda number: 2.0))["workloads"]
    (quick,) = report.build(made.loaded(added_ms=lambda due_s: 3.0, late_ms=lambda number: 2.0))["workloads"]
    assert slow["load"]["invalid"] == {}
    assert "generator" in quick["load"]["invalid"]


def test_a_spike_and_the_recovery_from_it(made):
    spiked = made.loaded("spike", duration_s=20.0, added_ms=lambda due_s: 60.0 if 7.4 < due_s < 11.0 else 2.0)
    document = report.build(spiked)
    assert document["load"]["recovery_s"]["hop"] == pytest.approx(1.8, abs=0.3)
    assert "recovered" in findings(document)[0]


@pytest.mark.parametrize(
    ("profile", "labels"), [("spike", ["before", "spike", "after"]), ("steps", ["chat@12.5", "chat@31.25"])]
)
def test_the_parts_of_a_run_are_named_above_its_picture(made, profile, labels):
    page = html_text(report.build(made.loaded(profile, rate=125.0, duration_s=30.0)))
    assert [label for label in labels if f">{label}</text>" in page] == labels


def test_what_creeps_up_in_a_soak(made):
    creeping = made.loaded("soak", duration_s=20.0, added_ms=lambda due_s: 2.0 + due_s / 10)
    document = report.build(creeping)
    found = document["load"]["drift"]["hop"]
    assert found["first_ms"] == pytest.approx(0.35 + 2.38, abs=0.05)
    assert found["last_ms"] == pytest.approx(0.35 + 3.82, abs=0.05)
    assert findings(document)[0].startswith("hop: median 2.")
    assert report.violations(document) == []


def test_budgets_are_held_at_every_rate(made):
    document = report.build(
        made.loaded("steps", rate=60.0, duration_s=90.0, added_ms=lambda due_s: 5.0 if due_s > 75.0 else 1.0)
    )
    outcomes = {one["workload"]: one["outcome"] for one in gate.judge(document, gate.parse("p50=2ms"))}
    assert outcomes["chat@6"] == outcomes["chat@30"] == "holds"
    assert outcomes["chat@60"] == "exceeded"


def test_a_point_that_is_invalid_is_not_judged(made):
    document = report.build(made.loaded(late_ms=lambda number: 30.0))
    assert [one["outcome"] for one in gate.judge(document, gate.parse("p50=2ms"))] == ["not measured"]
    assert "INVALID" in headlines(document)[0]
    for text in (html_text(document), markdown_text(document)):
        assert "the generator was late by 30.00 ms" in text


def test_processor_time_is_shared_among_ended_exchanges(made):
    measurement = made.loaded(duration_s=10.0, added_ms=lambda due_s: 3_000.0 if due_s < 7.0 else 8_000.0)
    begin = measurement.header.load["begin_ns"]
    samples = [(begin + at * 1_000 * made.MS, at / 10, 1_000_000) for at in range(11)]
    measurement.header.processes = [{"name": "hop", "pid": 1, "samples": samples}]
    ((cpu,),) = [one["cpu"].values() for one in report.build(measurement)["processes"]]
    own = [one for one in measurement.records if one.arm == "hop"]
    done = sum(begin + 1_000 * made.MS <= one.done_ns < begin + 10_000 * made.MS for one in own)
    assert cpu["exchanges"] == done < 0.8 * sum(not one.warmup for one in own)
    assert cpu["ms_each"] == pytest.approx(900 / done, rel=0.01)


def test_raw_records_reproduce_the_report(made, tmp_path, capsys):
    raw, page = tmp_path / "raw.ndjson", tmp_path / "r.json"
    measurement = made.loaded(duration_s=12.0)
    records.write(measurement, raw)
    assert main(["load", "--from", str(raw), "--json", str(page), "--budget", "p50=9ms"]) == 0
    assert json.loads(page.read_text())["workloads"] == report.build(measurement)["workloads"]
    printed = capsys.readouterr().out
    assert "100 a second for 10.8 s" in printed
    assert "the generator was late by" in printed
    assert "secret" not in raw.read_text()


@pytest.mark.parametrize("rate", [0.2, 1.0, 4.0])
def test_a_report_of_next_to_nothing(made, rate):
    document = report.build(made.loaded("faults", rate=rate, duration_s=10.0))
    assert report.violations(document) == []
    assert "<svg" in html_text(document)
    assert "hopcheck load" in markdown_text(document)


def test_a_plan_comes_back_from_the_header(made):
    document = made.loaded().header.load["plan"]
    plan = from_document(json.loads(json.dumps(document)))
    assert plan.document() == json.loads(json.dumps(document))


def test_spooled_lines_are_raw_lines(made, tmp_path):
    (one,) = [one for one in made.loaded(duration_s=2.0).records if one.arm == "hop"][:1]
    streamed = made.streamed(0, "hop", lambda place: 0.1)
    for worker, record in enumerate((one, streamed)):
        record.upstream, record.due_ns = None, worker + 1
        kept = spool.Spool(tmp_path / "new", worker)
        kept.add(record)
        kept.close()
    with (tmp_path / "new" / "records-01.ndjson").open("a") as file:
        file.write('{"cut off": ')
    assert spool.read(tmp_path / "new") == [one, streamed]


def test_the_journal_is_fetched_where_points_end(made):
    plan = from_document(made.loaded("steps", duration_s=30.0).header.load["plan"])
    ends = sorted({stage.end_s for stage in plan.stages})
    assert list(fetch_times_s(plan)) == [end + SETTLE_S for end in ends]


def test_a_short_stage_has_a_rough_interval(made):
    (row,) = report.build(made.loaded(duration_s=8.0))["workloads"]
    added = made.latency(row)["added"]["hop"]
    assert (added["median"]["low"], added["needs"]) == (None, 10)
    assert added["rough_interval"]["low"] < added["median"]["value"] < added["rough_interval"]["high"]
    (long,) = report.build(made.loaded(duration_s=16.0))["workloads"]
    assert made.latency(long)["added"]["hop"]["rough_interval"] is None
