"""When which bytes of a body leave, and how it ends: an answer and its wire options, worked out before they are played.

Pure: knows neither sockets nor clocks. Offsets are those of the body before gzip and framing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, count
from typing import Literal

from hopcheck_server.upstream.script.turns import Delivery

End = Literal["whole", "hang", "close", "reset"]

BULK = 256 * 1024
"""No write is larger, so that a slow reader holds up the writer and not its memory."""


Segment = tuple[bytes, float, bool]
"""Bytes that leave in one write, never none; when they may leave, in seconds after the body's start; and whether the
peer should be able to read them apart from those before."""


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


def plan(pieces: Iterable[bytes], delivery: Delivery) -> PlaybackSchedule:
    """Work out how a body leaves."""
    dues = map(delivery.pace_s.__mul__, count())
    if not (_is_split(delivery) or delivery.hang) and _is_uncut(delivery):
        return PlaybackSchedule(_whole(_events(pieces, delivery), dues), "whole", headless=False, missing=0)
    given = [*pieces]
    total = _length(given)
    stop, end = _stop(delivery, given)
    kept = total if stop is None else max(0, min(stop, total))
    segments = _segments(_events(given, delivery), dues, kept, _cuts(delivery, kept, _within(delivery, given)))
    return PlaybackSchedule(segments, end, headless=stop == -1, missing=total - kept)


def _events(pieces: Iterable[bytes], delivery: Delivery) -> Iterable[bytes]:
    """What may leave in one write."""
    return [b"".join(pieces)] if delivery.join_events or delivery.split_blank_lines else pieces


def _is_split(delivery: Delivery) -> bool:
    splits = (delivery.split_at, delivery.split_every, delivery.split_characters, delivery.split_blank_lines)
    return any(splits)


def _within(delivery: Delivery, pieces: Iterable[bytes]) -> list[int]:
    """The offsets of splits that depend on what the body holds."""
    characters = _character_bytes(b"".join(pieces)) if delivery.split_characters else []
    return characters + (_blank_lines(pieces, delivery.line_end) if delivery.split_blank_lines else [])


def _character_bytes(body: bytes) -> list[int]:
    """The offsets of all bytes of characters that have several."""
    return [place for place, byte in enumerate(body) if byte >= 0x80]


def _blank_lines(events: Iterable[bytes], line_end: str) -> list[int]:
    """An offset within the line ends that end each event, at another one of their places each time."""
    within = 2 * len(line_end) - 1
    return [end - 1 - number % within for number, end in enumerate(accumulate(map(len, events)))]


def _is_uncut(delivery: Delivery) -> bool:
    return delivery.cut_at is None and delivery.cut_after_events is None and delivery.end_after_events is None


def _whole(events: Iterable[bytes], dues: Iterator[float]) -> Iterator[Segment]:
    """The events as they are; one that is too large to be written at once in several writes, an empty one in none."""
    for data, due in zip(events, dues, strict=False):
        if 0 < len(data) <= BULK:
            yield data, due, False
        else:
            yield from ((data[place : place + BULK], due, False) for place in range(0, len(data), BULK))


def _stop(delivery: Delivery, pieces: list[bytes]) -> tuple[int | None, End]:
    """Where the body stops (-1 before the headers, None nowhere), and how: what comes first."""
    stops: list[tuple[int, End]] = []
    if delivery.cut_at is not None:
        stops.append((delivery.cut_at, delivery.cut))
    if delivery.cut_after_events is not None:
        stops.append((_length(pieces[: delivery.cut_after_events]), delivery.cut))
    if delivery.end_after_events is not None:
        stops.append((_length(pieces[: delivery.end_after_events]), "whole"))
    if delivery.hang:
        where = {"headers": -1, "body": 0, "events": _length(pieces[: delivery.hang_after])}[delivery.hang]
        stops.append((where, "hang"))
    return min(stops, key=lambda stop: stop[0], default=(None, "whole"))


def _length(pieces: list[bytes]) -> int:
    return sum(map(len, pieces))


def _cuts(delivery: Delivery, size: int, more: Iterable[int]) -> list[int]:
    """Offsets at which a write ends because the script says so."""
    every = range(delivery.split_every, size, delivery.split_every) if delivery.split_every else ()
    return sorted({at for at in (*delivery.split_at, *every, *more) if 0 < at < size})


def _segments(events: Iterable[bytes], dues: Iterator[float], kept: int, cuts: list[int]) -> Iterator[Segment]:
    """Cut the pieces at those offsets, and at a size that is easy to write."""
    apart = set(cuts)
    following = iter([*cuts, kept])
    cut = next(following)
    start = 0
    for data, due in zip(events, dues, strict=False):
        place, end = start, min(start + len(data), kept)
        while place < end:
            stop = min(cut, end, place + BULK)
            yield data[place - start : stop - start], due, place in apart
            place = stop
            if place == cut:
                cut = next(following, kept)
        start += len(data)
