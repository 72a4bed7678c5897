"""What the report says of events that weren't passed on."""

from __future__ import annotations

import pytest

from hopcheck_load.report import budgets as gate
from hopcheck_load.report import document as report
from hopcheck_load.report.render.html import html_text
from hopcheck_load.report.render.markdown import markdown_text
from hopcheck_load.report.render.values import findings

pytestmark = pytest.mark.usefixtures("few_draws")


def lose(timeline):
    for column in (timeline.sequence, timeline.stamp_ns, timeline.read_ns, timeline.read):
        column.pop(7)


def repeat(timeline):
    for column in (timeline.sequence, timeline.stamp_ns, timeline.read_ns, timeline.read):
        column.insert(7, column[7])


def swap(timeline):
    timeline.sequence[7:9] = reversed(timeline.sequence[7:9])


def cross(timeline):
    timeline.foreign = 1


def merge(timeline):
    """Two events come as one, with both texts."""
    lose(timeline)
    lose(timeline)
    timeline.others = 1


def end_twice(timeline):
    timeline.endings = 2


@pytest.mark.parametrize(
    ("spoil", "sentence", "code"),
    [
        (lose, "hop, paced: of 999 events 1 lost", 1),
        (repeat, "hop, paced: of 1,001 events 1 repeated", 1),
        (swap, "hop, paced: of 1,000 events 1 out of order", 1),
        (cross, "hop, paced: of 1,000 events 1 of another exchange", 1),
        (merge, "hop, paced: of 998 events 2 lost, 1 with another text", 0),
        (end_twice, "hop, paced: 1 of 20 streams without one end", 0),
    ],
)
def test_events_that_were_not_passed_on(made, spoil, sentence, code):
    measurement = made.streams(20, {"hop": 0.5})
    spoil(next(record.timeline for record in measurement.records if record.arm == "hop"))
    document = report.build(measurement)
    assert findings(document) == [sentence]
    assert gate.exit_code(document) == code
    assert sentence in html_text(document)
    assert sentence in markdown_text(document)


def test_faults_of_the_direct_arms_are_not_the_hops(made):
    measurement = made.streams(20, {"hop": 0.5})
    lose(next(record.timeline for record in measurement.records if record.arm == "direct"))
    document = report.build(measurement)
    assert findings(document) == []
    assert gate.exit_code(document) == 0


def test_a_stream_that_failed_is_a_failure_and_no_silent_loss(made):
    measurement = made.streams(20, {"hop": 0.5})
    record = next(record for record in measurement.records if record.arm == "hop")
    lose(record.timeline)
    record.failure = "the stream ended before it was complete"
    document = report.build(measurement)
    assert document["workloads"][0]["exchanges"]["hop"]["failed"] == 1
    assert findings(document) == []
