"""One workload's exchanges as a table of rounds and arms, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hopcheck_load.measurement.records import Arm, Record
from hopcheck_load.stats.intervals import Floats

MS = 1e-6
"""Milliseconds in a nanosecond."""

Value = Callable[[Record], float | None]
"""Something of an exchange, in milliseconds; None if it isn't known."""


class Table:
    """The measured rounds of one workload.

    Attributes:
        arms: In the order of the report.
        direct: The name of the direct arm.
        others: The names of the other arms: the control, then the hops.
        rounds: How many there are.
    """

    def __init__(self, arms: Sequence[Arm], records: Iterable[Record]) -> None:
        """Sort exchanges into rounds; those that warmed up are left out."""
        self.arms = arms
        self.direct = next(arm.name for arm in arms if arm.kind == "direct")
        self.others = [arm.name for arm in arms if arm.kind != "direct"]
        kept = [record for record in records if not record.warmup]
        self.rounds = max((record.round + 1 for record in kept), default=0)
        self._cells = {(record.arm, record.round): record for record in kept}
        self._of: dict[str, list[Record]] = {}

    def of(self, arm: str) -> list[Record]:
        """An arm's exchanges, in the order of the rounds."""
        if arm not in self._of:
            found = (self._cells.get((arm, number)) for number in range(self.rounds))
            self._of[arm] = [record for record in found if record is not None]
        return self._of[arm]

    def good(self, arm: str) -> list[Record]:
        """Those of them that were answered."""
        return [record for record in self.of(arm) if not record.failure]

    def column(self, arm: str, value: Value) -> Floats:
        """A value for each round; NaN where it isn't known."""
        found = np.full(self.rounds, np.nan)
        for record in self.good(arm):
            known = value(record)
            if known is not None:
                found[record.round] = known
        return found

    def known(self, arm: str, value: Value) -> Floats:
        """The values of an arm, without gaps."""
        column = self.column(arm, value)
        return column[np.isfinite(column)]

    def pairs(self, arm: str, other: str, value: Value) -> tuple[Floats, Floats]:
        """The values of two arms in the rounds in which both are known."""
        first, second = self.column(arm, value), self.column(other, value)
        both = np.isfinite(first) & np.isfinite(second)
        return first[both], second[both]


def latency(record: Record) -> float:
    """From the beginning of sending (under load: from when it was due) to the last byte."""
    return (record.done_ns - record.begun_ns) * MS


def first_token(record: Record) -> float | None:
    """From the same instant to the first event with content."""
    timeline = record.timeline
    return (timeline.read_ns[0] - record.begun_ns) * MS if timeline and timeline.read_ns else None


def between_tokens(record: Record) -> float | None:
    """From one event with content to the next, on an average over the stream."""
    timeline = record.timeline
    if timeline is None or len(timeline.read_ns) < 2:
        return None
    return (timeline.read_ns[-1] - timeline.read_ns[0]) * MS / (len(timeline.read_ns) - 1)


def outside(record: Record) -> float | None:
    """Latency without the time that the exchange spent at the upstream; not known if it arrived there twice."""
    seen = record.upstream
    if seen is None or seen.attempts != 1:
        return None
    return latency(record) - (seen.last_ns - seen.received_ns) * MS


def outside_first(record: Record) -> float | None:
    """Time to the first token without the time from the request's arrival to that token's leaving."""
    seen, timeline, first = record.upstream, record.timeline, first_token(record)
    if seen is None or seen.attempts != 1 or timeline is None or first is None:
        return None
    return first - (timeline.stamp_ns[0] - seen.received_ns) * MS
