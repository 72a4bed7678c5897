"""One workload's exchanges as a table of rounds and arms, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hopcheck_load.measurement.records import Arm, Record
from hopcheck_load.stats.blocks import Floats

MS = 1e-6
"""Milliseconds in a nanosecond."""

LATE = float("inf")
"""The latency of a request that failed: without it, a hop that drops requests would look quick."""

Value = Callable[[Record], float | None]
"""Returns a time of an exchange in milliseconds; None if it isn't known."""


class Table:
    """The measured rounds of one workload.

    Attributes:
        arms: The arms, in the order of the report.
        direct: The name of the direct arm.
        others: The names of the other arms: the control, then the hops.
        rounds: The number of rounds.
    """

    def __init__(self, arms: Sequence[Arm], records: Iterable[Record]) -> None:
        """Sort exchanges into rounds, without those that warmed up."""
        self.arms = arms
        self.direct = next(arm.name for arm in arms if arm.kind == "direct")
        self.others = [arm.name for arm in arms if arm.kind != "direct"]
        kept = [record for record in records if not record.warmup]
        self.rounds = max((record.round + 1 for record in kept), default=0)
        self._cells = {(record.arm, record.round): record for record in kept}
        self._of: dict[str, list[Record]] = {}

    def of(self, arm: str) -> list[Record]:
        """Return an arm's exchanges in the order of the rounds."""
        if arm not in self._of:
            found = (self._cells.get((arm, number)) for number in range(self.rounds))
            self._of[arm] = [record for record in found if record is not None]
        return self._of[arm]

    def good(self, arm: str) -> list[Record]:
        """Return an arm's exchanges that didn't fail."""
        return [record for record in self.of(arm) if not record.failure]

    def column(self, arm: str, value: Value) -> Floats:
        """Return a value for each round; NaN where it isn't known."""
        found = np.full(self.rounds, np.nan)
        for record in self.good(arm):
            known = value(record)
            if known is not None:
                found[record.round] = known
        return found

    def known(self, arm: str, value: Value) -> Floats:
        """Return the known values of an arm."""
        column = self.column(arm, value)
        return column[np.isfinite(column)]

    def pairs(self, arm: str, other: str, value: Value) -> tuple[Floats, Floats]:
        """Return the values of two arms in the rounds in which both are known."""
        first, second = self.column(arm, value), self.column(other, value)
        both = np.isfinite(first) & np.isfinite(second)
        return first[both], second[both]


def latency(record: Record) -> float:
    """Return the time from the beginning of sending (under load: from when it was due) to the last byte."""
    return (record.done_ns - record.begun_ns) * MS


def first_token(record: Record) -> float | None:
    """Return the time from the same instant to the first event with content."""
    timeline = record.timeline
    return (timeline.read_ns[0] - record.begun_ns) * MS if timeline and timeline.read_ns else None


def between_tokens(record: Record) -> float | None:
    """Return the average time from one event with content to the next."""
    timeline = record.timeline
    if timeline is None or len(timeline.read_ns) < 2:
        return None
    return (timeline.read_ns[-1] - timeline.read_ns[0]) * MS / (len(timeline.read_ns) - 1)


def outside(record: Record) -> float | None:
    """Return the latency without the time at the upstream; None if the request arrived there twice."""
    seen = record.upstream
    if seen is None or seen.attempts != 1:
        return None
    return latency(record) - (seen.last_ns - seen.received_ns) * MS


def outside_first(record: Record) -> float | None:
    """Return the time to the first token without the upstream's part, from the request's arrival to that token."""
    seen, timeline, first = record.upstream, record.timeline, first_token(record)
    if seen is None or seen.attempts != 1 or timeline is None or first is None:
        return None
    return first - (timeline.stamp_ns[0] - seen.received_ns) * MS
