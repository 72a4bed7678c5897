"""When which bytes of a body leave, and how it ends: an answer and its wire options, worked out before they are played.

Pure: knows neither sockets nor clocks. Offsets are those of the body before gzip and framing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from hopcheck_server.upstream.script.turns import Delivery

End = Literal["whole", "hang", "close", "reset"]

BULK = 256 * 1024
"""No write is larger, so that a slow reader holds up the writer and not its memory."""


class Segment(NamedTuple):
    """Bytes that leave in one write.

    Attributes:
        data: The bytes; never empty.
        due_s: When they may leave, in seconds after the body's start.
        apart: Whether the peer should be able to read them apart from those before.
    """

    data: bytes
    due_s: float
    apart: bool = False


@dataclass(frozen=True, slots=True)
class PlaybackSchedule:
    """How an answer leaves.

    Attributes:
        segments: The body's writes, in order; cut when they are needed, since streams are many and long.
        end: What happens after the last.
        headless: Whether it ends before the headers.
        missing: How many bytes of the body are never sent.
    """

    segments: Iterator[Segment]
    end: End
    headless: bool
    missing: int


def plan(pieces: list[bytes], delivery: Delivery) -> PlaybackSchedule:
    """Work out how a body leaves."""
    total = sum(map(len, pieces))
    ends = [0, *accumulate(map(len, pieces))]
    stop, end = _stop(delivery, ends)
    kept = total if stop is None else max(0, min(stop, total))
    events = [b"".join(pieces)] if delivery.join_events else pieces
    paced = ((place * delivery.pace_s, data) for place, data in enumerate(events))
    segments = _segments(paced, kept, _cuts(delivery, kept))
    return PlaybackSchedule(segments, end, headless=stop == -1, missing=total - kept)


def _stop(delivery: Delivery, ends: list[int]) -> tuple[int | None, End]:
    """Where the body stops (-1 before the headers, None nowhere), and how: what comes first."""
    stops: list[tuple[int, End]] = []
    if delivery.cut_at is not None:
        stops.append((delivery.cut_at, delivery.cut))
    if delivery.cut_after_events is not None:
        stops.append((_after(ends, delivery.cut_after_events), delivery.cut))
    if delivery.hang:
        where = {"headers": -1, "body": 0, "events": _after(ends, delivery.hang_after)}[delivery.hang]
        stops.append((where, "hang"))
    return min(stops, key=lambda stop: stop[0], default=(None, "whole"))


def _after(ends: list[int], events: int) -> int:
    return ends[min(events, len(ends) - 1)]


def _cuts(delivery: Delivery, size: int) -> list[int]:
    """Offsets at which a write ends because the script says so."""
    every = range(delivery.split_every, size, delivery.split_every) if delivery.split_every else ()
    return sorted({at for at in (*delivery.split_at, *every) if 0 < at < size})


def _segments(paced: Iterable[tuple[float, bytes]], kept: int, cuts: list[int]) -> Iterator[Segment]:
    """Cut the pieces at those offsets, and at a size that is easy to write."""
    apart = set(cuts)
    following = iter([*cuts, kept])
    cut = next(following)
    start = 0
    for due, data in paced:
        place, end = start, min(start + len(data), kept)
        if end <= cut and 0 < end - place == len(data) <= BULK:  # whole, as nearly all are
            yield Segment(data, due, place in apart)
            place = end
            if place == cut:
                cut = next(following, kept)
        while place < end:
            stop = min(cut, end, place + BULK)
            yield Segment(data[place - start : stop - start], due, place in apart)
            place = stop
            if place == cut:
                cut = next(following, kept)
        start += len(data)
