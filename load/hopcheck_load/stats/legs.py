"""Where an exchange's time goes, by the upstream's journal; and what the target itself says that it took."""

from __future__ import annotations

from typing import Any

import numpy as np

from hopcheck_load.measurement.records import Record
from hopcheck_load.stats.intervals import rounded
from hopcheck_load.stats.table import MS, Table, outside


def same_clock(table: Table) -> bool:
    """Whether client and upstream read the same clock.

    Then each direct request arrived after it was sent, and before it was answered.
    """
    direct = [(one, one.upstream) for one in table.good(table.direct) if one.upstream]
    return bool(direct) and all(one.sent_ns <= seen.received_ns <= one.done_ns for one, seen in direct)


def legs(table: Table, arm: str, *, one_clock: bool) -> dict[str, Any]:
    """The median times of an arm's exchanges: to the upstream, there, and back.

    With two clocks only the sum of the ways is known.
    """
    found = {"outside": rounded(_median(table, arm, outside)), "upstream": rounded(_median(table, arm, residence))}
    ways = {"request": request, "response": response} if one_clock else {}
    return {**found, **{name: rounded(_median(table, arm, way)) for name, way in ways.items()}}


def _median(table: Table, arm: str, value: Any) -> float | None:
    known = table.known(arm, value)
    return float(np.median(known)) if known.size else None


def _once(record: Record) -> bool:
    return record.upstream is not None and record.upstream.attempts == 1


def residence(record: Record) -> float | None:
    """From the request's arrival at the upstream to the answer's leaving it; not known if it arrived there twice."""
    seen = record.upstream
    return (seen.last_ns - seen.received_ns) * MS if seen and _once(record) else None


def request(record: Record) -> float | None:
    """From the beginning of sending to the arrival at the upstream, by one clock."""
    seen = record.upstream
    return (seen.received_ns - record.sent_ns) * MS if seen and _once(record) else None


def response(record: Record) -> float | None:
    """From leaving the upstream to the last byte's being read, by one clock."""
    seen = record.upstream
    return (record.done_ns - seen.last_ns) * MS if seen and _once(record) else None


def self_report(table: Table, arm: str, measure: str, added_ms: float) -> dict[str, Any] | None:
    """What a target says of itself, beside what it adds by some measure; None if it says nothing."""
    said = table.known(arm, lambda record: record.self_ms)
    if not said.size:
        return None
    median = float(np.median(said))
    return {
        "answers": int(said.size),
        "of": len(table.good(arm)),
        "median": rounded(median),
        "measure": measure,
        "added": rounded(added_ms),
        "coverage": rounded(median / added_ms) if added_ms > 0 else None,
    }
