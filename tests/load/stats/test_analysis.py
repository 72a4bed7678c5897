"""The report, from measurements whose truth is known."""

from __future__ import annotations

import dataclasses
import json

import pytest

from hopcheck_load.measurement import records
from hopcheck_load.report import document as report
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text

pytestmark = pytest.mark.usefixtures("few_draws")


def measure(document, workload="chat", name="latency"):
    found = report.find(document, workload, name)
    assert found is not None
    return found


def test_what_a_hop_adds(made):
    document = report.build(made.chats(1500, {"hop": 1.0}))
    latency = measure(document)
    added = latency["added"]["hop"]
    assert added["median"]["low"] < 1.0 < added["median"]["high"]
    assert added["median"]["high"] - added["median"]["low"] < 0.01
    assert added["within_floor"] is False
    assert added["difference_of_quantiles"]["p90"]["value"] == pytest.approx(1.0, abs=0.01)
    assert added["difference_of_quantiles"]["p95"] is None
    assert latency["arms"]["direct"]["p50"] == pytest.approx(0.2, abs=0.005)
    assert latency["arms"]["hop"]["p99"] is None


def test_added_time_below_the_noise_floor_is_marked(made):
    latency = measure(report.build(made.chats(300, {"hop": 0.0})))
    control = latency["added"]["control"]["median"]
    assert latency["floor"] == max(abs(control["low"]), abs(control["high"]))
    assert latency["added"]["hop"]["within_floor"] is (
        abs(latency["added"]["hop"]["median"]["value"]) <= latency["floor"]
    )


def test_hops_side_by_side(made):
    latency = measure(report.build(made.chats(300, {"a": 1.0, "b": 3.0})))
    assert [(pair["from"], pair["to"]) for pair in latency["between"]] == [("a", "b")]
    assert latency["between"][0]["median"]["value"] == pytest.approx(2.0, abs=0.02)


def test_upstream_time_is_subtracted_from_net(made):
    measurement = made.chats(300, {"hop": 1.0})
    for place, one in enumerate(measurement.records):
        if one.arm == "hop":
            slow = made.exchange("chat", one.round, "hop", 5.25, upstream_ms=4.05)
            measurement.records[place] = slow
    added = measure(report.build(measurement))["added"]["hop"]
    assert added["median"]["value"] == pytest.approx(5.05, abs=0.02)
    assert added["net"]["value"] == pytest.approx(1.05, abs=0.02)


def test_where_the_time_goes(made):
    workload = report.build(made.chats(50, {"hop": 1.0}, spread_ms=0.0))["workloads"][0]
    assert workload["one_clock"] is True
    assert workload["legs"]["hop"] == {"outside": 1.15, "upstream": 0.05, "request": 0.575, "response": 0.575}


def test_another_clock_is_detected(made):
    measurement = made.chats(20, {"hop": 1.0}, spread_ms=0.0)
    for record in measurement.records:
        for name in ("received_ns", "head_ns", "first_ns", "last_ns"):
            setattr(record.upstream, name, getattr(record.upstream, name) + 10**15)
    workload = report.build(measurement)["workloads"][0]
    assert workload["one_clock"] is False
    assert workload["legs"]["hop"] == {"outside": 1.15, "upstream": 0.05}


def test_a_target_that_reports_its_own_time(made):
    measurement = made.chats(50, {"hop": 4.0}, spread_ms=0.0)
    for record in measurement.records:
        record.self_ms = 1.0 if record.arm == "hop" else None
    measurement.records[2].self_ms = None
    document = report.build(measurement)
    self_report = {"answers": 49, "of": 50, "median": 1.0, "measure": "latency", "added": 4.0, "coverage": 0.25}
    assert document["workloads"][0]["self_report"] == {"hop": self_report}
    assert report.violations(document) == []
    line = "hop reports 1.00 ms of itself (in 49 of 50 responses), 25 % of the 4.00 ms that it adds to the latency"
    assert line in html_text(document)
    assert f"- chat: {line}" in markdown_text(document)


def test_a_streams_self_report_is_compared_with_ttft(made):
    measurement = made.streams(20, {"hop": 2.0})
    for record in measurement.records:
        record.self_ms = 1.0 if record.arm == "hop" else None
    (workload,) = report.build(measurement)["workloads"]
    assert workload["self_report"]["hop"] == {
        "answers": 20,
        "of": 20,
        "median": 1.0,
        "measure": "ttft",
        "added": 2.0,
        "coverage": 0.5,
    }


def test_failures_are_counted_and_left_out(made):
    measurement = made.chats(50, {"hop": 1.0})
    for record in measurement.records:
        if record.arm == "hop" and record.round % 5 == 0:
            record.failure, record.done_ns = "status 500: sorry", record.sent_ns
    document = report.build(measurement)
    assert document["workloads"][0]["exchanges"]["hop"]["failed"] == 10
    assert document["workloads"][0]["exchanges"]["hop"]["failures"] == {"status 500: sorry": 10}
    assert measure(document)["added"]["hop"]["n"] == 40


def test_requests_that_arrive_twice_have_no_net(made):
    measurement = made.chats(20, {"hop": 1.0})
    for record in measurement.records:
        record.upstream.attempts = 2 if record.arm == "hop" else 1
    document = report.build(measurement)
    assert measure(document)["added"]["hop"]["net"] is None
    assert document["workloads"][0]["exchanges"]["hop"]["several_attempts"] == 20


def test_warming_up_is_left_out(made):
    measurement = made.chats(20, {"hop": 1.0})
    extra = [dataclasses.replace(record, warmup=True, done_ns=record.done_ns + 10**9) for record in measurement.records]
    with_extra = records.Measurement(measurement.header, [*extra, *measurement.records])
    assert report.build(with_extra)["workloads"] == report.build(measurement)["workloads"]


def test_lag_of_events(made):
    document = report.build(made.streams(20, {"hop": 0.5}))
    lag = measure(document, "paced", "lag")
    assert lag["added"]["hop"]["median"]["value"] == pytest.approx(0.5, abs=1e-5)
    assert lag["added"]["control"]["median"]["value"] == 0.0
    assert lag["arms"]["hop"]["n"] == 20 * 50
    assert lag["arms"]["hop"]["p90"] is not None
    strip = document["workloads"][0]["delivery"]["hop"]["lag_by_event"]
    assert len(strip) == 50
    assert strip[0] == pytest.approx(0.55)
    assert strip[-1] == pytest.approx(0.5549)


def test_incomplete_streams_have_no_lag(made):
    measurement = made.streams(20, {"hop": 0.5})
    for record in measurement.records:
        if record.arm == "hop" and record.round < 5:
            for column in ("sequence", "stamp_ns", "read_ns", "read"):
                getattr(record.timeline, column).pop()
    document = report.build(measurement)
    assert measure(document, "paced", "lag")["added"]["hop"]["n"] == 15 * 50
    assert document["workloads"][0]["delivery"]["hop"]["lost"] == 5


def test_reports_keep_their_schema(made):
    for measurement in (made.chats(300, {"a": 1.0, "b": 0.0}), made.streams(5, {"a": 0.5}), made.chats(1, {"a": 1.0})):
        document = report.build(measurement)
        assert report.violations(json.loads(report.text(document))) == []
    assert report.violations({}) != []


def test_raw_records_bring_the_same_report(made, tmp_path):
    for measurement in (made.chats(30, {"hop": 1.0}), made.streams(5, {"hop": 0.5})):
        records.write(measurement, tmp_path / "raw.ndjson")
        again = records.read(tmp_path / "raw.ndjson")
        assert report.build(again) == report.build(measurement)
        assert again.records == measurement.records
    assert "secret" not in (tmp_path / "raw.ndjson").read_text()


@pytest.mark.parametrize(
    "spoil", [lambda lines: lines[:-1], lambda lines: lines[1:], lambda lines: [*lines[:2], lines[-1]]]
)
def test_incomplete_raw_files_are_refused(made, tmp_path, spoil):
    path = tmp_path / "raw.ndjson"
    records.write(made.chats(5, {"hop": 1.0}), path)
    path.write_text("\n".join(spoil(path.read_text().splitlines())))
    with pytest.raises(ValueError, match="isn't"):
        records.read(path)


def test_events_of_another_exchange_are_counted(made):
    """Two streams swap an event each: the numbers are right, the texts aren't theirs."""
    measurement = made.streams(20, {"hop": 0.5})
    first, second = [record for record in measurement.records if record.arm == "hop"][:2]
    stamps, others = first.timeline.stamp_ns, second.timeline.stamp_ns
    second_start, first_start = second.sent_ns, first.sent_ns
    assert second_start != first_start
    stamps[7], others[7] = others[7], stamps[7]
    second.upstream = None  # its times at the upstream aren't known: the order of its stamps still tells
    delivery = report.build(measurement)["workloads"][0]["delivery"]
    assert delivery["hop"]["foreign"] == 2
    assert delivery["direct"]["foreign"] == 0


def test_streams_without_an_end_are_counted(made):
    measurement = made.streams(20, {"hop": 0.5})
    hop = [record for record in measurement.records if record.arm == "hop"]
    hop[0].timeline.endings, hop[1].timeline.endings = 0, 2
    delivery = report.build(measurement)["workloads"][0]["delivery"]
    assert [delivery[arm]["unended"] for arm in ("hop", "direct")] == [2, 0]
