"""A run over time: latencies slice by slice, and how long a hop takes to recover from a spike. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from hopcheck_load.measurement.records import INTERRUPTED, Record
from hopcheck_load.stats.intervals import quantile_of, rounded
from hopcheck_load.stats.table import LATE, first_token, latency

MAX_SLICES = 120
MIN_SLICE_S = 0.25

RECOVERED_FACTOR = 2.0
"""A hop has recovered when its median is at most this multiple of what it was before the spike."""

RECOVERED_MS = 1.0
"""Or when it is at most this time above that."""

RECOVERED_SLICES = 3
"""And when that holds for this number of consecutive slices."""

Slice = Mapping[str, Any]
"""`{at_s, n, failed, p50, p90}`: its beginning, how many requests were due, and quantiles in milliseconds."""


def slices_of(records: Sequence[Record], arm: str, begin_ns: int, end_s: float) -> list[dict[str, Any]]:
    """Return an arm's slices, including warming up, without those in which no request was due."""
    length_s = max(MIN_SLICE_S, end_s / MAX_SLICES)
    own = sorted(
        (one for one in records if one.arm == arm and one.failure != INTERRUPTED), key=lambda record: record.due_ns
    )

    def place(record: Record) -> int:
        return int((record.due_ns - begin_ns) / 1e9 / length_s)

    return [_slice(round(at * length_s, 3), list(some)) for at, some in groupby(own, place)]


def response_time(record: Record) -> float | None:
    """Return the time to the first token of a stream, or the latency of a JSON response; infinity after a failure."""
    if record.failure:
        return LATE
    return latency(record) if record.timeline is None else first_token(record)


def _slice(at_s: float, records: Sequence[Record]) -> dict[str, Any]:
    known = np.sort([value for value in map(response_time, records) if value is not None])
    p50, p90 = (rounded(quantile_of(known, one)) for one in (0.5, 0.9)) if known.size else (None, None)
    return {"at_s": at_s, "n": len(records), "failed": sum(one.failed for one in records), "p50": p50, "p90": p90}


def drift(slices: Sequence[Slice], begin_s: float, end_s: float) -> dict[str, float] | None:
    """Return a hop's medians in the first and the last fifth of a span, `{first_ms, last_ms}`; None if unknown."""
    part_s = (end_s - begin_s) / 5
    ends = ((begin_s, begin_s + part_s), (end_s - part_s, end_s))
    known = [[one["p50"] for one in slices if a <= one["at_s"] < b and one["p50"] is not None] for a, b in ends]
    if not all(known):
        return None
    first, last = (round(float(np.median(values)), 5) for values in known)
    return {"first_ms": first, "last_ms": last}


def recovery(slices: Sequence[Slice], before: tuple[float, float], spike_end_s: float) -> float | None:
    """Return the seconds from a spike's end until latencies are as before it; None if they never are.

    Args:
        slices: An arm's slices.
        before: The (begin, end) of the time before the spike.
        spike_end_s: The end of the spike.
    """
    usual = [one["p50"] for one in slices if before[0] <= one["at_s"] < before[1] and one["p50"] is not None]
    after = [one for one in slices if one["at_s"] >= spike_end_s]
    median = float(np.median(usual)) if usual else LATE
    if median == LATE:
        return None
    most_ms = max(RECOVERED_FACTOR * median, median + RECOVERED_MS)
    good = [one["p50"] is not None and one["p50"] <= most_ms for one in after]
    for at in range(len(good) - RECOVERED_SLICES + 1):
        if all(good[at : at + RECOVERED_SLICES]):
            return round(max(0.0, float(after[at]["at_s"]) - spike_end_s), 3)
    return None
