"""Budgets of what a hop may add, and the exit code of them and of the comparison with an earlier report.

A budget holds when the whole interval lies below it (non-inferiority), and is exceeded when the whole interval lies
above it. Where the limit lies within the interval, the outcome is `unsure`: it fails a build only if that is asked for,
and the report says how much more would have to be measured.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hopcheck_load.measurement.profiles import LOAD_WORKLOADS
from hopcheck_load.measurement.surfaces import SURFACES
from hopcheck_load.measurement.workloads import DELTAS, workload_name
from hopcheck_load.report import fidelity
from hopcheck_load.report.document import Document, find, hops
from hopcheck_load.stats.sample_size import has_enough_values
from hopcheck_server.exits import DOES_NOT_HOLD, HOLDS, UNTESTABLE

POWER_FACTOR = ((1.96 + 0.84) / 1.96) ** 2
"""With this multiple of the rounds at which an interval would just end at the limit, four of five runs decide."""

MAX_FAILED_SHARE = 0.05
"""With more failed exchanges, a hop's budget isn't judged."""

_UNITS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
_LIMIT = re.compile(
    r"(?:(?P<hop>[\w.-]+):)?(?:(?P<workload>[\w-]+)\.)?(?:(?P<measure>latency|ttft|itl|lag)_)?p(?P<percent>\d+(?:\.\d+)?)"
    r"=(?P<value>\d+(?:\.\d+)?)(?P<unit>us|µs|ms|s)"
)
_WORKLOADS_WITH = {
    measure: tuple(workload_name(name, surface) for surface in SURFACES for name in names)
    for measure, names in {
        "latency": ("chat",),
        "ttft": ("stream", "paced"),
        "itl": ("stream", "paced"),
        "lag": ("paced", "stream"),
    }.items()
}


class Limit(NamedTuple):
    """One entry of a budget.

    Attributes:
        text: The entry as it was typed.
        hop: The hop's name; "" for all hops.
        workloads: The workloads that have the figure; the first that was measured counts.
        measure: The name of the measure.
        quantile: The quantile of what is added; 0.5 is the median paired difference.
        most_ms: The limit.
    """

    text: str
    hop: str
    workloads: tuple[str, ...]
    measure: str
    quantile: float
    most_ms: float


def parse(text: str) -> list[Limit]:
    """Read a budget: `p50=1ms,p99=5ms,ttft_p50=2ms`, `paced.lag_p90=500us`, `litellm:10k.p50=30ms`.

    Raises:
        ValueError: It isn't a budget; the text says why.
    """
    return [_limit(part.strip()) for part in text.split(",") if part.strip()]


def _limit(text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no budget; one looks like p50=1ms, ttft_p90=2ms or paced.lag_p50=500us")
    measure, percent = match["measure"] or "latency", float(match["percent"])
    named = match["workload"]
    if named and named not in LOAD_WORKLOADS:
        raise ValueError(f"{text!r} names no workload; there are {', '.join(LOAD_WORKLOADS)}")
    if percent not in (50.0, 90.0, 95.0, 99.0, 99.9):
        raise ValueError(f"{text!r}: a budget is set for p50, p90, p95, p99 or p99.9")
    places = (named,) if named else _WORKLOADS_WITH[measure]
    return Limit(
        text,
        match["hop"] or "",
        places,
        measure,
        round(percent / 100, 4),
        float(match["value"]) * _UNITS[match["unit"]],
    )


def first_unjudgeable(limits: Sequence[Limit], rounds: int) -> Limit | None:
    """Return the first limit for which the rounds are too few."""
    counts = {"lag": rounds * DELTAS}
    return next((one for one in limits if not has_enough_values(counts.get(one.measure, rounds), one.quantile)), None)


def judge(document: Document, limits: Sequence[Limit]) -> list[dict[str, Any]]:
    """Hold every hop to its budget.

    Returns:
        For each limit and hop: `{budget, hop, workload, measure, limit, value, low, high, outcome, needs}`, in
        milliseconds; the outcome is `holds`, `unsure` (the limit lies within the interval), `exceeded` or
        `not measured`; `needs` is how much would have to be measured to know more: rounds, under load seconds of each
        stage. Under load, every rate has to keep the budget; at rest, the first workload that was measured.
    """
    pairs = [(limit, hop) for limit in limits for hop in hops(document) if limit.hop in ("", hop)]
    judged = [one for limit, hop in pairs for one in _judged(document, limit, hop)]
    return judged + [_absent(limit, limit.hop) for limit in limits if limit.hop and limit.hop not in hops(document)]


def _judged(document: Document, limit: Limit, hop: str) -> list[dict[str, Any]]:
    if document.get("load"):
        rows = _rows(document, limit)
        return [_judged_at(document, row, limit, hop) or _absent(limit, hop, row) for row in rows] or [
            _absent(limit, hop)
        ]
    found = (_judged_at(document, workload, limit, hop) for workload in limit.workloads)
    return [next((one for one in found if one), None) or _absent(limit, hop)]


def _rows(document: Document, limit: Limit) -> list[str]:
    """Return the rows of a run under load that a limit is about."""
    healthy = [row for row in document["workloads"] if not row["load"]["fault"]]
    about = [row for row in healthy if row["load"]["workload"] in limit.workloads]
    return [
        row["name"] for row in (healthy if limit.workloads == _WORKLOADS_WITH[limit.measure] and not about else about)
    ]


def _judged_at(document: Document, workload: str, limit: Limit, hop: str) -> dict[str, Any] | None:
    entry = (find(document, workload, limit.measure) or {}).get("added", {}).get(hop)
    figure = entry and _figure(entry, limit.quantile)
    if not figure or not _answers(document, workload, hop):
        return None
    identity = {"budget": limit.text, "hop": hop, "workload": workload, "measure": limit.measure}
    outcome, needs = _outcome(figure, limit.most_ms), _needs(document, workload, entry or {}, figure, limit.most_ms)
    return {**identity, "limit": limit.most_ms, **figure, "outcome": outcome, "needs": needs}


def _needs(
    document: Document, workload: str, entry: Mapping[str, Any], figure: Mapping[str, Any], most_ms: float
) -> int | None:
    """Return how much has to be measured until the interval leaves the limit out, probably (see `POWER_FACTOR`)."""
    low, high = figure["low"], figure["high"]
    if low is None:
        needed: int | None = entry["needs"]
        return needed
    apart = abs(figure["value"] - most_ms)
    if not low <= most_ms < high or not 0 < apart < math.inf or high == math.inf:
        return None
    row = next(one for one in document["workloads"] if one["name"] == workload)
    measured: float = row["load"]["end_s"] - row["load"]["begin_s"] if "load" in row else row["rounds"]
    times: float = max(high - figure["value"], figure["value"] - low) / apart
    return math.ceil(measured * times * times * POWER_FACTOR)


def _answers(document: Document, workload: str, hop: str) -> bool:
    """Whether a hop answered nearly all requests of a valid row: otherwise, what it adds to the others means little."""
    row = next(one for one in document["workloads"] if one["name"] == workload)
    counts = row["exchanges"][hop]
    valid = "load" not in row or not row["load"]["invalid"]
    return valid and bool(counts["failed"] <= MAX_FAILED_SHARE * counts["asked"])


def _absent(limit: Limit, hop: str, workload: str = "") -> dict[str, Any]:
    named = workload or limit.workloads[0]
    identity = {"budget": limit.text, "hop": hop, "workload": named, "measure": limit.measure}
    return {
        **identity,
        "limit": limit.most_ms,
        "value": None,
        "low": None,
        "high": None,
        "outcome": "not measured",
        "needs": None,
    }


def _figure(entry: Mapping[str, Any], quantile: float) -> Mapping[str, Any] | None:
    if quantile == 0.5:
        return dict(entry["median"])
    found = entry["difference_of_quantiles"].get(f"p{100 * quantile:g}")
    return None if found is None else dict(found)


def _outcome(figure: Mapping[str, Any], most_ms: float) -> str:
    low, high = figure["low"], figure["high"]
    if low is None:
        return "not measured"
    if low > most_ms:
        return "exceeded"
    return "holds" if high <= most_ms else "unsure"


def exit_code(document: Mapping[str, Any], *, strict: bool = False) -> int:
    """Return the exit code of budgets and comparison: 0 if all hold, 1 if one doesn't, 3 if one couldn't be judged.

    It is also 1 if a hop lost or mixed up events of streams (see `fidelity`), and 3 if no stage of a run under load is
    valid. With `strict`, 1 if a budget is unsure.
    """
    outcomes = {one["outcome"] for one in (*document["budget"], *document["against"])}
    if outcomes & {"exceeded", "slower", *(["unsure"] if strict else [])} or fidelity.is_broken(dict(document)):
        return DOES_NOT_HOLD
    return UNTESTABLE if "not measured" in outcomes or is_invalid(document) else HOLDS


def is_invalid(document: Mapping[str, Any]) -> bool:
    """Whether a run under load has stages, and none of them is valid."""
    loads = [row["load"] for row in document.get("workloads", ()) if "load" in row]
    return bool(loads) and all(load["invalid"] for load in loads)
