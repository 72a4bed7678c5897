"""How the events of streams arrived: how late each was, and whether all arrived, in order, one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from hopcheck_load.measurement.records import ExchangeTimeline, Record
from hopcheck_load.measurement.workloads import DELTAS
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.intervals import rounded
from hopcheck_load.stats.table import MS, Table


def lags(table: Table, arm: str) -> Floats:
    """Return the time from each event's leaving the upstream to its read, in milliseconds, by round and event.

    A row is NaN where a stream wasn't complete. Upstream and client must share a clock.
    """
    found = np.full((table.rounds, DELTAS), np.nan)
    for record in table.good(arm):
        timeline = record.timeline
        if timeline is not None and timeline.sequence == list(range(DELTAS)):
            found[record.round] = (np.array(timeline.read_ns) - np.array(timeline.stamp_ns)) * MS
    return found


def whole(lag: Floats) -> Floats:
    """Return the rows of complete streams."""
    return lag[np.isfinite(lag).all(axis=1)]


def pairs(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return the rows of the rounds in which the streams of both arms were complete."""
    both = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    return first[both], second[both]


def strip(lag: Floats) -> list[float | None]:
    """Return the median lag of each event, by its place in the stream."""
    kept = whole(lag)
    return [rounded(float(value)) for value in np.median(kept, axis=0)] if len(kept) else []


def integrity(records: Sequence[Record]) -> dict[str, Any]:
    """Compare every event of an arm's streams with what the upstream put into it: number, time, text, exchange, end.

    Counts the events that were read together, lost, repeated, out of order, unreadable (another text than the
    upstream's), or foreign (of another exchange), and the streams that didn't say once that they are complete, or
    didn't end once.
    """
    timelines = [record.timeline for record in records if record.timeline is not None]
    events = sum(len(timeline.sequence) for timeline in timelines)
    together = sum(map(_together, timelines))
    return {
        "streams": len(timelines),
        "events": events,
        "read_together": together,
        "lost": sum(DELTAS - len(_distinct(timeline)) for timeline in timelines),
        "repeated": sum(len(timeline.sequence) - len(_distinct(timeline)) for timeline in timelines),
        "out_of_order": sum(map(_disorder, timelines)),
        "unreadable": sum(timeline.others for timeline in timelines),
        "foreign": sum(map(_foreign, records)),
        "unended": sum((timeline.finishes, timeline.endings) != (1, 1) for timeline in timelines),
        "share_together": round(together / events, 4) if events else None,
    }


def _distinct(timeline: ExchangeTimeline) -> set[int]:
    return {number for number in timeline.sequence if number < DELTAS}


def _together(timeline: ExchangeTimeline) -> int:
    """Return how many events were read together with another one."""
    return sum(count for count in Counter(timeline.read).values() if count > 1)


def _disorder(timeline: ExchangeTimeline) -> int:
    numbers = timeline.sequence
    return sum(later < earlier for earlier, later in pairwise(numbers))


def _foreign(record: Record) -> int:
    """Return how many events weren't sent for this exchange: their stamps say so, or they left before or after it."""
    timeline, seen = record.timeline, record.upstream
    if timeline is None:
        return 0
    if timeline.foreign:
        return timeline.foreign
    if seen is None or seen.attempts != 1:  # the upstream's times aren't known: in one stream, stamps at least rise
        return sum(later < earlier for earlier, later in pairwise(timeline.stamp_ns)) if not _disorder(timeline) else 0
    return sum(not seen.received_ns <= stamp <= seen.last_ns for stamp in timeline.stamp_ns)
