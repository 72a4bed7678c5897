"""Where an exchange's time goes, by the upstream's journal; and how long the target reports that it took."""

from __future__ import annotations

from typing import Any

import numpy as np

from hopcheck_load.measurement.records import Record
from hopcheck_load.stats.intervals import rounded
from hopcheck_load.stats.table import MS, Table, outside


def same_clock(table: Table) -> bool:
    """Whether client and upstream share a clock: each direct request arrived after it was sent, and before its end."""
    direct = [(one, one.upstream) for one in table.good(table.direct) if one.upstream]
    return bool(direct) and all(one.sent_ns <= seen.received_ns <= one.done_ns for one, seen in direct)


def legs(table: Table, arm: str, *, one_clock: bool) -> dict[str, Any]:
    """Return the median times of an arm's exchanges: to the upstream, there, and back.

    With two clocks, only the sum of the ways is known.
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
    """Return the time from the request's arrival at the upstream to the end of its response; None if it came twice."""
    seen = record.upstream
    return (seen.last_ns - seen.received_ns) * MS if seen and _once(record) else None


def request(record: Record) -> float | None:
    """Return the time from the beginning of sending to the arrival at the upstream, by one clock."""
    seen = record.upstream
    return (seen.received_ns - record.sent_ns) * MS if seen and _once(record) else None


def response(record: Record) -> float | None:
    """Return the time from the upstream's last byte to the read of it, by one clock."""
    seen = record.upstream
    return (record.done_ns - seen.last_ns) * MS if seen and _once(record) else None


def self_report(table: Table, arm: str, measure: str, added_ms: float) -> dict[str, Any] | None:
    """Compare the time that a target reports with the time that it adds by a measure; None if it reports nothing."""
    reported = table.known(arm, lambda record: record.self_ms)
    if not reported.size:
        return None
    median = float(np.median(reported))
    return {
        "answers": int(reported.size),
        "of": len(table.good(arm)),
        "median": rounded(median),
        "measure": measure,
        "added": rounded(added_ms),
        "coverage": rounded(median / added_ms) if added_ms > 0 else None,
    }
