"""Stamps in streams, however their bytes come."""

from __future__ import annotations

import json

from hopcheck_load.measurement.records import Record
from hopcheck_load.measurement.stamps import quick_timeline, timeline_of
from hopcheck_load.measurement.workloads import DELTAS
from hopcheck_load.stats.delivery import integrity


def timeline(reads):
    """Read a stream in both ways, which must agree."""
    found = timeline_of(reads)
    assert quick_timeline(reads) == found
    return found


def event(content, **choice) -> bytes:
    chunk = {"choices": [{"index": 0, "delta": {"content": content}, **choice}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


def test_one_event_a_read():
    found = timeline([(10, event("0:1111")), (20, event("1:2222")), (30, b"data: [DONE]\n\n")])
    assert found.sequence == [0, 1]
    assert found.stamp_ns == [1111, 2222]
    assert found.read_ns == [10, 20]
    assert found.read == [0, 1]
    assert found.others == 0
    assert found.endings == 1


def test_an_event_is_there_when_its_last_byte_is():
    data = event("0:1111")
    found = timeline([(10, data[:9]), (20, data[9:] + event("1:2222"))])
    assert found.read_ns == [20, 20]
    assert found.read == [1, 1]


def test_events_without_content_are_skipped():
    silent = [event(""), event(None), b": ping\n\n", b'data: {"choices":[]}\n\n', b"data: [1]\n\n"]
    found = timeline([(at, data) for at, data in enumerate(silent)])
    assert (found.sequence, found.others) == ([], 0)


def test_text_without_a_stamp_is_counted():
    assert timeline([(1, event("hello")), (2, event("0:11111:2222"))]).others == 2


def record(reads) -> Record:
    return Record("paced", 0, "hop", 0, "", timeline=timeline(reads))


def test_whole_streams():
    counts = integrity([record([(at, event(f"{at}:1000")) for at in range(DELTAS)])])
    assert counts["events"] == DELTAS
    assert {counts[name] for name in ("read_together", "lost", "repeated", "out_of_order", "unreadable")} == {0}


def test_what_goes_wrong_is_counted():
    numbers = [0, 1, 3, 2, 4, 4, *range(6, DELTAS)]
    counts = integrity([record([(at, event(f"{number}:1000")) for at, number in enumerate(numbers)])])
    assert (counts["lost"], counts["repeated"], counts["out_of_order"]) == (1, 1, 1)


def test_events_read_together_are_counted():
    pairs = [(at, event(f"{at}:1000") + event(f"{at + 1}:1000")) for at in range(0, DELTAS, 2)]
    counts = integrity([record(pairs)])
    assert (counts["read_together"], counts["share_together"]) == (DELTAS, 1.0)


def test_no_streams():
    assert integrity([])["share_together"] is None
