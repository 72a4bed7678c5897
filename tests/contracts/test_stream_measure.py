"""What of a stream is too much."""

from __future__ import annotations

import pytest

from hopcheck_contracts.stream_measure import MAX_EVENT_BYTES, MAX_LINES, StreamMeasure

HALF = b"data: " + b"x" * (MAX_EVENT_BYTES // 2)


def last_excess(pieces: list[bytes]) -> str:
    measure = StreamMeasure()
    return [measure.excess(piece) for piece in pieces][-1]


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_large_events_one_after_another_are_read(end: bytes) -> None:
    for at in range(len(end) + 1):
        assert last_excess([HALF + end[:at], end[at:] + HALF + end, HALF + end]) == ""


def test_a_larger_event_is_not() -> None:
    assert last_excess([b": begun\n\n", HALF, HALF[:-20]]) == ""
    assert last_excess([b": begun\n\n", HALF, HALF]) == "an event of the stream exceeded 2 MiB and was not read further"


def test_as_many_lines_are_read() -> None:
    assert last_excess([b":\n" * MAX_LINES]) == ""
    assert last_excess([b":\n" * MAX_LINES, b"\n"]) == "the stream had more than 100000 lines and was not read further"
