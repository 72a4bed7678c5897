"""The comparison with an earlier report: which hops got slower, by more than runs differ anyway."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hopcheck_load.report.document import Document, find, hops

TOLERANCE = 0.05
"""The share by which a hop may get slower: runs differ by more than their intervals say."""


def compare(document: Document, earlier: Mapping[str, Any], tolerance: float = TOLERANCE) -> list[dict[str, Any]]:
    """Compare the hops with an earlier report.

    A hop got slower when the interval of the difference lies above what is tolerated: the share `tolerance` of the
    earlier median, or both noise floors together, whichever is more.

    Returns:
        For each hop and measure that both have: `{hop, workload, measure, before, now, change, low, high, tolerated,
        outcome}`, in milliseconds; the outcome is `holds`, `slower` or `faster`.
    """
    pairs = _common(document, earlier)
    return [_compared(pair, tolerance) for pair in pairs if None not in (pair.now["low"], pair.before["low"])]


def not_compared(document: Document, earlier: Mapping[str, Any]) -> list[str]:
    """Return what only one of two reports has, and what one of them can't compare for want of an interval."""
    now, before = hops(document), hops(earlier)
    kinds = {"hop": (now, before), "workload": (_names(document), _names(earlier))}
    found = [
        f"the {kind} {name} is only in {where}"
        for kind, (here, there) in kinds.items()
        for where, names, others in (("this run", here, there), ("the earlier report", there, here))
        for name in names
        if name not in others
    ]
    vague = [pair for pair in _common(document, earlier) if None in (pair.now["low"], pair.before["low"])]
    return [*found, *(f"{one.hop}, {one.workload} {one.measure}: a run was too short for an interval" for one in vague)]


def _names(document: Mapping[str, Any]) -> list[str]:
    return [workload["name"] for workload in document["workloads"]]


def _half(estimate: Mapping[str, Any]) -> float:
    return float(estimate["high"] - estimate["low"]) / 2 if math.isfinite(estimate["value"]) else 0.0


class _Pair(NamedTuple):
    hop: str
    workload: str
    measure: str
    now: Mapping[str, Any]
    before: Mapping[str, Any]
    floors: float


def _common(document: Document, earlier: Mapping[str, Any]) -> Iterator[_Pair]:
    for workload in document["workloads"]:
        for entry in workload["measures"]:
            other = find(earlier, workload["name"], entry["name"])
            for hop in hops(document):
                if other and hop in entry["added"] and hop in other["added"]:
                    both = entry["added"][hop]["median"], other["added"][hop]["median"]
                    floors = (entry["floor"] or 0.0) + (other["floor"] or 0.0)
                    yield _Pair(hop, workload["name"], entry["name"], *both, floors)


def _compared(pair: _Pair, tolerance: float) -> dict[str, Any]:
    now, before = pair.now["value"], pair.before["value"]
    change = 0.0 if now == before else now - before  # both may be infinite
    half = math.hypot(*(_half(one) for one in (pair.now, pair.before)))
    tolerated = max(tolerance * abs(before) if math.isfinite(before) else 0.0, pair.floors)
    outcome = "slower" if change - half > tolerated else "faster" if change + half < -tolerated else "holds"
    identity = {"hop": pair.hop, "workload": pair.workload, "measure": pair.measure}
    figures = {"before": pair.before["value"], "now": pair.now["value"], "change": change}
    more = {"low": change - half, "high": change + half, "tolerated": tolerated}
    return {**identity, **{name: round(value, 5) for name, value in {**figures, **more}.items()}, "outcome": outcome}
