"""A stage's part of the report: the measures known from rest, as differences of quantiles, since nothing is paired."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from hopcheck_load.measurement.profiles import Stage
from hopcheck_load.measurement.records import Arm, Measurement, Record
from hopcheck_load.measurement.schedule import rate_of
from hopcheck_load.stats import analysis, delivery, guards, histograms, slices, table
from hopcheck_load.stats import legs as paths
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.intervals import QUANTILES, Estimate, label, quantile_of, quantiles, rounded
from hopcheck_load.stats.sample_size import has_enough_values
from hopcheck_load.stats.slices import Sliced
from hopcheck_load.stats.table import LATE, MS, Table, Value


class Series(NamedTuple):
    """A measure's values under load.

    Attributes:
        name: Its name in reports and budgets.
        about: What it is.
        by_arm: The values of each arm, each with its slice.
        net: The same without the time at the upstream, where that is known.
    """

    name: str
    about: str
    by_arm: Mapping[str, Sliced]
    net: Mapping[str, Sliced] | None = None


def service(record: Record) -> float:
    """Return the time from the beginning of sending to the last byte."""
    return (record.done_ns - record.sent_ns) * MS


def lateness(record: Record) -> float:
    """Return how late the generator dispatched the request."""
    return (record.dispatched_ns - record.due_ns) * MS


class StageWindow:
    """The exchanges of one stage.

    Attributes:
        stage: The stage.
        table: Its exchanges, numbered by arm in the order in which they were due.
        slices: The number of slices into which its time is cut.
    """

    def __init__(self, stage: Stage, arms: Sequence[Arm], records: Sequence[Record], begin_ns: int) -> None:
        """Number the exchanges; `begin_ns` is when the run began."""
        self.stage = stage
        counts = dict.fromkeys((arm.name for arm in arms), 0)
        numbered = []
        for record in records:
            numbered.append(replace(record, round=counts[record.arm]))
            counts[record.arm] += 1
        self.table = Table(arms, numbered)
        self._begin_ns = begin_ns + round(stage.begin_s * 1e9)
        self._span_ns = max(1, round((stage.end_s - stage.begin_s) * 1e9))
        self.slices = slices.count(stage.end_s - stage.begin_s)

    @property
    def slice_s(self) -> float:
        """The length of a slice."""
        return self._span_ns / 1e9 / self.slices

    def sliced(self, arm: str, value: Value, failed: float | None = None) -> Sliced:
        """Return the known values of an arm with their slices; `failed` is the value of a request that failed."""
        found = [(value(one) if not one.failure else failed if one.failed else None, one) for one in self.table.of(arm)]
        known = [(value, self._place(record)) for value, record in found if value is not None]
        values, places = zip(*known, strict=True) if known else ((), ())
        return Sliced(np.array(values, dtype=np.float64), np.array(places, dtype=np.intp))

    def difference_of(self, first: Sliced, second: Sliced, wanted: Sequence[float], seed: int) -> list[Estimate]:
        """Return differences of quantiles (see `slices.difference_of`)."""
        return slices.difference_of(first, second, self.slices, wanted, seed, self.slice_s)

    def lags(self, arm: str) -> Sliced:
        """Return the lag of each event of complete streams."""
        rows = delivery.lags(self.table, arm)
        places = np.array([self._place(record) for record in self.table.of(arm)], dtype=np.intp)
        whole = np.flatnonzero(np.isfinite(rows).all(axis=1))
        return Sliced(rows[whole].ravel(), np.repeat(places[whole], rows.shape[1]))

    def _place(self, record: Record) -> int:
        place = (record.due_ns - self._begin_ns) * self.slices // self._span_ns
        return min(max(int(place), 0), self.slices - 1)


def entry(
    stage: Stage, measurement: Measurement, records: Sequence[Record], begin_ns: int, late_ms: Floats
) -> dict[str, Any]:
    """Return a stage's part of the report.

    Args:
        stage: The stage.
        measurement: The whole measurement.
        records: The stage's records.
        begin_ns: When the run began.
        late_ms: The generator's lateness with all requests that were due meanwhile.
    """
    header = measurement.header
    window = StageWindow(stage, header.arms, records, begin_ns)
    grid = window.table
    one_clock = paths.same_clock(grid)
    measures = [_measure(one, window, header.seed) for one in _series(window, one_clock=one_clock)]
    streams = any(record.timeline for record in records)
    counts = {arm.name: analysis.exchanges(grid.of(arm.name)) for arm in header.arms}
    return {
        "name": stage.name,
        "about": stage.describe(),
        "rounds": grid.rounds,
        "warmup": {"rounds": 0, "steady": None},
        "one_clock": one_clock,
        "measures": measures,
        "legs": {arm.name: _legs(grid, arm.name, one_clock=one_clock) for arm in header.arms},
        "self_report": analysis.self_reports(grid, measures),
        "delivery": analysis.deliveries(grid) if streams else {},
        "exchanges": counts,
        "load": _load(window, measures, counts, late_ms),
    }


def _series(window: StageWindow, *, one_clock: bool) -> list[Series]:
    def of(value: Value, failed: float | None = None) -> dict[str, Sliced]:
        return {arm.name: window.sliced(arm.name, value, failed) for arm in window.table.arms}

    latency = Series("latency", "due → last byte", of(table.latency, LATE), of(table.outside))
    apart = [
        Series("service", "sending begins → last byte", of(service)),
        Series("dispatch", "due → the generator gets round to it", of(lateness)),
    ]
    if not any(record.timeline for arm in window.table.arms for record in window.table.of(arm.name)):
        return [latency, *apart]
    streamed = [
        Series("ttft", "due → first event with content", of(table.first_token, LATE), of(table.outside_first)),
        Series("itl", "from event to event, average of a stream", of(table.between_tokens)),
    ]
    lags = {arm.name: window.lags(arm.name) for arm in window.table.arms} if one_clock else {}
    late = [Series("lag", "event leaves the upstream → event is read", lags)] if lags else []
    return [*streamed, latency, *late, *apart]


def _measure(series: Series, window: StageWindow, seed: int) -> dict[str, Any]:
    grid = window.table
    direct = np.sort(series.by_arm[grid.direct].values)
    is_compared = direct.size and np.isfinite(quantile_of(direct, 0.5)) and series.name != "dispatch"
    others = grid.others if is_compared else []
    added = {arm: _added(series, arm, grid.direct, window, seed) for arm in others if series.by_arm[arm].values.size}
    hops = [arm.name for arm in grid.arms if arm.kind == "hop" and arm.name in added]
    both = [pair for pair in combinations(hops, 2) if all(math.isfinite(added[hop]["median"]["value"]) for hop in pair)]
    between = [_between(series, pair, window, seed) for pair in both]
    known = {arm: one.values for arm, one in series.by_arm.items()}
    return analysis.entry_of(series.name, series.about, known, added, between, grid)


def _added(series: Series, arm: str, direct: str, window: StageWindow, seed: int) -> dict[str, Any]:
    first, second = series.by_arm[arm], series.by_arm[direct]
    fewer = min(first.values.size, second.values.size)
    every = [one for one in sorted({*analysis.CURVE, *QUANTILES}) if has_enough_values(fewer, one)]
    at = dict(zip(every, window.difference_of(first, second, every, seed), strict=True))
    at = {one: estimate for one, estimate in at.items() if estimate.value > -LATE}  # not what is infinite directly
    needed = at[0.5].needed * window.slice_s
    return {
        "n": int(fewer),
        "median": at[0.5].document(),
        "rough_interval": at[0.5].rough_document(),
        "needs": math.ceil(needed) if at[0.5].low is None else None,
        "net": _net(series, arm, direct, window, seed),
        "quantiles_of_difference": quantiles(np.array([])),  # nothing is paired
        "difference_of_quantiles": {label(one): at[one].document() if one in at else None for one in QUANTILES},
        "curve": [
            {"quantile": one, **at[one].document()} for one in at if one in analysis.CURVE and at[one].value < LATE
        ],
        "over_time": [rounded(value) for value in slices.over_time(first, second, window.slices)],
    }


def _net(series: Series, arm: str, direct: str, window: StageWindow, seed: int) -> dict[str, Any] | None:
    if series.net is None or not (series.net[arm].values.size and series.net[direct].values.size):
        return None
    return window.difference_of(series.net[arm], series.net[direct], (0.5,), seed)[0].document()


def _between(series: Series, pair: tuple[str, str], window: StageWindow, seed: int) -> dict[str, Any]:
    a, b = pair
    found = window.difference_of(series.by_arm[b], series.by_arm[a], (0.5,), seed)
    return {"from": a, "to": b, "median": found[0].document()}


def _legs(grid: Table, arm: str, *, one_clock: bool) -> dict[str, Any]:
    known = grid.known(arm, lambda record: (record.sent_ns - record.due_ns) * MS)
    wait = rounded(float(np.median(known))) if known.size else None
    return {**paths.legs(grid, arm, one_clock=one_clock), "wait": wait}


def _load(
    window: StageWindow, measures: Sequence[Mapping[str, Any]], counts: Mapping[str, Any], late: Floats
) -> dict[str, Any]:
    stage, grid = window.stage, window.table
    span_s = stage.end_s - stage.begin_s
    alone = all(arm.kind != "hop" for arm in grid.arms)
    from_due = [one for one in measures if one["name"] in ("latency", "ttft")]
    # The statistics are about the hops; the direct arms are faster, and only subtracted.
    judged = [arm.name for arm in grid.arms if alone or arm.kind == "hop"]
    medians = (one["arms"][arm]["p50"] for one in from_due for arm in judged if one["arms"][arm]["p50"] is not None)
    late_p99 = float(np.quantile(late, 0.99)) if late.size >= guards.MIN_DISPATCHED else None
    too_late = guards.late_generator(late_p99, min(medians, default=None))
    return {
        "workload": stage.workload,
        "fault": stage.fault,
        "rate": stage.rate,
        "begin_s": round(stage.begin_s, 3),
        "end_s": round(stage.end_s, 3),
        "offered": {arm.name: round(rate_of(stage, arm, alone=alone), 2) for arm in grid.arms},
        "answered": {
            arm: round((waited_for(one) - one["failed"]) / span_s, 2) if span_s else 0.0 for arm, one in counts.items()
        },
        "dispatch": {"n": int(late.size), **quantiles(late)},
        "dispatch_p99": rounded(late_p99),
        "invalid": {"generator": too_late} if too_late else {},
        "overloaded": {arm: why for arm, one in counts.items() if (why := _overload(one))},
        "histograms": {arm.name: _histogram(grid, arm.name) for arm in grid.arms},
    }


def _overload(counts: Mapping[str, Any]) -> str:
    return guards.overload(waited_for(counts), waited_for(counts) - counts["failed"])


def waited_for(counts: Mapping[str, Any]) -> int:
    """Return how many exchanges ended by themselves, well or not."""
    return int(counts["asked"] - counts["interrupted"])


def _histogram(grid: Table, arm: str) -> str:
    """Return latencies as an HdrHistogram in nanoseconds, so that runs of many machines can be merged."""
    return histograms.encoded(record.done_ns - record.due_ns for record in grid.good(arm))
