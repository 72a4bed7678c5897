"""The figures of a report at rest, computed from the records and from nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from hopcheck_load.measurement.records import INTERRUPTED, Header, Record
from hopcheck_load.stats import delivery, table
from hopcheck_load.stats import intervals as statistics
from hopcheck_load.stats import legs as paths
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.intervals import QUANTILES, Estimate, label, median_of, quantiles, rough_quantiles, rounded
from hopcheck_load.stats.sample_size import has_enough_values
from hopcheck_load.stats.table import Table, Value

CURVE = (*(percent / 100 for percent in range(5, 100, 5)), 0.99, 0.999)
"""The quantiles of the plot."""

TIME_PARTS = 40
"""The number of parts of equal length in which a run is shown over time."""


class Measure(NamedTuple):
    """A time that is measured of each exchange.

    Attributes:
        name: Its name in reports and budgets.
        about: What it is.
        value: Returns it for an exchange.
        net: Returns it without the time at the upstream.
    """

    name: str
    about: str
    value: Value
    net: Value | None = None


LATENCY = Measure("latency", "sending begins → last byte", table.latency, table.outside)
STREAMED = (
    Measure("ttft", "sending begins → first event with content", table.first_token, table.outside_first),
    Measure("itl", "from event to event, average of a stream", table.between_tokens),
    LATENCY,
)


def workload(name: str, header: Header, records: Sequence[Record]) -> dict[str, Any]:
    """Return one workload's part of the report."""
    own = [record for record in records if record.workload == name]
    grid = Table(header.arms, own)
    one_clock = paths.same_clock(grid)
    streams = any(record.timeline for record in own)
    measures = [_measure(one, grid, header.seed) for one in (STREAMED if streams else (LATENCY,))]
    if streams and one_clock:
        measures.append(_lag(grid, header.seed))
    return {
        "name": name,
        "about": header.workloads[name],
        "rounds": grid.rounds,
        "warmup": header.warmups.get(name, {"rounds": 0, "steady": None}),
        "one_clock": one_clock,
        "measures": measures,
        "legs": {arm.name: paths.legs(grid, arm.name, one_clock=one_clock) for arm in header.arms},
        "self_report": self_reports(grid, measures),
        "delivery": deliveries(grid) if streams else {},
        "exchanges": {arm.name: exchanges(grid.of(arm.name)) for arm in header.arms},
    }


def _measure(measure: Measure, grid: Table, seed: int) -> dict[str, Any]:
    added = {}
    for arm in grid.others:
        first, second = grid.pairs(arm, grid.direct, measure.value)
        net = _net(measure, grid, arm, seed)
        if first.size:
            added[arm] = {**_added(first, second, seed), "net": net}
    known = {arm.name: grid.known(arm.name, measure.value) for arm in grid.arms}
    hops = [arm.name for arm in grid.arms if arm.kind == "hop"]
    between = [_between(grid.pairs(b, a, measure.value), a, b, seed) for a, b in combinations(hops, 2)]
    return entry_of(measure.name, measure.about, known, added, [one for one in between if one], grid)


def _lag(grid: Table, seed: int) -> dict[str, Any]:
    lags = {arm.name: delivery.lags(grid, arm.name) for arm in grid.arms}
    added = {}
    for arm in grid.others:
        first, second = delivery.pairs(lags[arm], lags[grid.direct])
        if first.size:
            added[arm] = {**_added(first, second, seed, QUANTILES), "net": None}
    hops = [arm.name for arm in grid.arms if arm.kind == "hop"]
    between = [_between(delivery.pairs(lags[b], lags[a]), a, b, seed) for a, b in combinations(hops, 2)]
    known = {arm: delivery.whole(lag) for arm, lag in lags.items()}
    about = "event leaves the upstream → event is read"
    return entry_of("lag", about, known, added, [one for one in between if one], grid)


def entry_of(
    name: str, about: str, known: dict[str, Floats], added: dict[str, Any], between: list[Any], grid: Table
) -> dict[str, Any]:
    """Return a measure's part of the report: the quantiles of each arm, what each adds, and the noise floor."""
    control = next((arm.name for arm in grid.arms if arm.kind == "control"), "")
    floor = _floor(added.get(control))
    for entry in added.values():
        entry["within_floor"] = floor is not None and abs(entry["median"]["value"]) <= floor
    return {
        "name": name,
        "about": about,
        "unit": "ms",
        "floor": floor,
        "arms": {
            arm: {"n": int(values.size), **quantiles(values), "rough": rough_quantiles(values)}
            for arm, values in known.items()
        },
        "added": added,
        "between": between,
    }


def _floor(control: dict[str, Any] | None) -> float | None:
    """Return the noise floor: the distance from 0 to the farther end of the interval of direct against direct."""
    known = control and (control["rough_interval"] or control["median"])
    if not known or known["low"] is None:
        return None
    floor = max(abs(known["low"]), abs(known["high"]))
    return float(floor) if np.isfinite(floor) else None


def _net(measure: Measure, grid: Table, arm: str, seed: int) -> dict[str, Any] | None:
    if measure.net is None:
        return None
    first, second = grid.pairs(arm, grid.direct, measure.net)
    return median_of(first - second, seed).document() if first.size else None


def _added(first: Floats, second: Floats, seed: int, drawn: Sequence[float] = CURVE) -> dict[str, Any]:
    """Return what the first adds to the second, in pairs of the same round; `drawn` are the quantiles of the plot."""
    difference = first - second
    wanted = [one for one in drawn if has_enough_values(difference.size, one)]
    curve = statistics.difference_of(first, second, wanted, seed)
    at = dict(zip(wanted, curve, strict=True))
    median = median_of(difference, seed)
    return {
        "n": int(difference.size),
        "median": median.document(),
        "rough_interval": median.rough_document(),
        "needs": median.needed if median.low is None else None,
        "quantiles_of_difference": quantiles(difference),
        "difference_of_quantiles": {label(one): _document(at.get(one)) for one in QUANTILES},
        "curve": [{"quantile": one, **at[one].document()} for one in wanted],
        "over_time": _over_time(difference),
    }


def _document(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else estimate.document()


def _between(pair: tuple[Floats, Floats], a: str, b: str, seed: int) -> dict[str, Any] | None:
    second, first = pair
    if not first.size:
        return None
    return {"from": a, "to": b, "median": median_of(second - first, seed).document()}


def _over_time(difference: Floats) -> list[float | None]:
    parts = np.array_split(difference, min(TIME_PARTS, len(difference)))
    return [rounded(float(np.median(part))) for part in parts]


def self_reports(grid: Table, measures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the times that arms report of themselves, next to what they add; for streams, to the first token.

    Headers precede a stream, so they can't include its later events.
    """
    by_name = {one["name"]: one for one in measures}
    measure = by_name.get("ttft") or by_name["latency"]
    added = [(arm, entry) for arm, entry in measure["added"].items() if np.isfinite(entry["median"]["value"])]
    found = {arm: paths.self_report(grid, arm, measure["name"], entry["median"]["value"]) for arm, entry in added}
    return {arm: one for arm, one in found.items() if one is not None}


def deliveries(grid: Table) -> dict[str, Any]:
    """Return how the streams of each arm arrived."""
    return {
        arm.name: {
            **delivery.integrity(grid.good(arm.name)),
            "lag_by_event": delivery.strip(delivery.lags(grid, arm.name)),
        }
        for arm in grid.arms
    }


def exchanges(records: Sequence[Record]) -> dict[str, Any]:
    """Count exchanges, their failures, those that were interrupted, new connections, and several arrivals."""
    failures = Counter(record.failure[:80] for record in records if record.failed)
    return {
        "asked": len(records),
        "failed": sum(failures.values()),
        "interrupted": sum(record.failure == INTERRUPTED for record in records),
        "failures": dict(failures.most_common(5)),
        "reconnects": sum(record.fresh for record in records),
        "several_attempts": sum(record.upstream is not None and record.upstream.attempts > 1 for record in records),
    }
