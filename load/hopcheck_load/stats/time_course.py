"""A run in the course of time: latencies slice by slice, and how long a hop takes to recover from a spike. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from hopcheck_load.measurement.records import Record
from hopcheck_load.stats.intervals import rounded
from hopcheck_load.stats.table import first_token, latency

SLICES = 120
SLICE_S = 0.25
"""A slice is at least so long."""

RECOVERED = 2.0
"""Recovered is a hop whose median is at most so many times what it was before the spike."""

LEAST_MS = 1.0
"""Or at most so much above it."""

HOLDS = 3
"""So many slices in a row."""

Slice = Mapping[str, Any]
"""`{at_s, n, failed, p50, p90}`: when it begins, what was due in it, and quantiles in milliseconds (see `told`)."""


def course(records: Sequence[Record], arm: str, begin_ns: int, end_s: float) -> list[dict[str, Any]]:
    """An arm's slices, those that warmed up included; slices in which nothing was due are left out."""
    length_s = max(SLICE_S, end_s / SLICES)
    own = sorted((one for one in records if one.arm == arm), key=lambda record: record.due_ns)

    def place(record: Record) -> int:
        return int((record.due_ns - begin_ns) / 1e9 / length_s)

    return [_slice(round(at * length_s, 3), list(some)) for at, some in groupby(own, place)]


def told(record: Record) -> float | None:
    """What a slice tells of an exchange: how long a stream's first token took, or a JSON answer as a whole."""
    if record.failure:
        return None
    return latency(record) if record.timeline is None else first_token(record)


def _slice(at_s: float, records: Sequence[Record]) -> dict[str, Any]:
    good = np.array([value for value in map(told, records) if value is not None])
    p50, p90 = (rounded(float(value)) for value in np.quantile(good, (0.5, 0.9))) if good.size else (None, None)
    return {"at_s": at_s, "n": len(records), "failed": len(records) - int(good.size), "p50": p50, "p90": p90}


def drift(slices: Sequence[Slice], begin_s: float, end_s: float) -> dict[str, float] | None:
    """A hop's medians in the first and in the last fifth of a span, `{first_ms, last_ms}`; None if one isn't known."""
    part_s = (end_s - begin_s) / 5
    ends = ((begin_s, begin_s + part_s), (end_s - part_s, end_s))
    known = [[one["p50"] for one in slices if a <= one["at_s"] < b and one["p50"] is not None] for a, b in ends]
    if not all(known):
        return None
    first, last = (round(float(np.median(values)), 5) for values in known)
    return {"first_ms": first, "last_ms": last}


def recovery(slices: Sequence[Slice], before: tuple[float, float], spike_end_s: float) -> float | None:
    """Seconds from a spike's end until latencies are what they were; None if they never are.

    Args:
        slices: An arm's.
        before: From when to when there was no spike yet.
        spike_end_s: When it ended.
    """
    usual = [one["p50"] for one in slices if before[0] <= one["at_s"] < before[1] and one["p50"] is not None]
    after = [one for one in slices if one["at_s"] >= spike_end_s]
    if not usual:
        return None
    median = float(np.median(usual))
    most = max(RECOVERED * median, median + LEAST_MS)
    good = [one["p50"] is not None and one["p50"] <= most for one in after]
    for at in range(len(good) - HOLDS + 1):
        if all(good[at : at + HOLDS]):
            return round(max(0.0, float(after[at]["at_s"]) - spike_end_s), 3)
    return None
