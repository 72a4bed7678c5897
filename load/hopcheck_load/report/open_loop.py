"""The report of a run under load: a row for each stage, and what follows from all of them together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hopcheck_load.measurement import usage
from hopcheck_load.measurement.load_plan import LoadPlan, from_document
from hopcheck_load.measurement.profiles import Stage
from hopcheck_load.measurement.records import Measurement, Record
from hopcheck_load.report import stages as stages
from hopcheck_load.stats import guards
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.saturation import RateStep, saturation_point
from hopcheck_load.stats.table import LATE
from hopcheck_load.stats.time_course import drift, recovery, slices_of

METHOD = {
    "added": "under load: a quantile through the hop minus the same quantile straight to the upstream, of exchanges "
    "that were due in the same time; the headline is that of the medians",
    "interval": "95 %, bootstrap of blocks of slices of time, the same ones for both arms; their length is estimated "
    "from the data, and is a second at least; with fewer than ten there is no interval, but a rough one (~), as if "
    "latencies didn't fluctuate slowly",
    "floor": "direct against direct, each an arrival process of its own: as far from 0 as its interval goes; "
    "a smaller difference counts as noise",
    "latency": "from when a request was due by the schedule, not from when it was sent: waiting behind a slow response "
    "counts, and so does a late generator",
    "dispatch": "how late the generator was; a stage is invalid if that is more than 1 ms at p99 and more than a tenth "
    "of the lowest median of a hop",
    "service": "from sending to the last byte: what a closed loop would have measured",
    "order": "each request is sent when it is due, however many are unanswered, over connections that are kept open",
    "arrivals": "an open loop: each arm has an arrival process of its own, all drawn before anything is sent; the "
    "direct arms get a quarter of a hop's rate",
    "knee": "of each workload: the highest rate before the first at which the median added is clearly (interval "
    "against interval) more than twice that at a lower rate, and 1 ms more, or less than 95 % are answered; invalid "
    "stages don't count, nor do rates at which the median is hardly known",
    "failures": "in quantiles of latency and ttft, a request that failed is infinitely late",
}
"""The meaning of a report's terms under load, where it differs from that at rest."""


def workloads(measurement: Measurement) -> list[dict[str, Any]]:
    """Return the rows of the report: one for each stage that was begun."""
    plan, begin_ns = plan_of(measurement), begin_of(measurement)
    by_stage: dict[str, list[Record]] = {}
    for record in measurement.records:
        by_stage.setdefault(record.workload, []).append(record)
    rows = [
        stages.entry(stage, measurement, by_stage[stage.name], begin_ns, _lateness(measurement, stage))
        for stage in plan.stages
        if not stage.warmup and stage.name in by_stage
    ]
    _mark_saturated_upstream(rows)
    return rows


def _meanwhile(measurement: Measurement, stage: Stage) -> list[Record]:
    """Return all records that were due between a stage's beginning and its end, also those of other stages."""
    begin, end = _span(measurement, stage)
    return [record for record in measurement.records if begin <= record.due_ns < end]


def _span(measurement: Measurement, stage: Stage) -> tuple[int, int]:
    begin_ns = begin_of(measurement)
    return begin_ns + round(stage.begin_s * 1e9), begin_ns + round(stage.end_s * 1e9)


def _lateness(measurement: Measurement, stage: Stage) -> Floats:
    dispatched = (record for record in _meanwhile(measurement, stage) if record.dispatched_ns)
    return np.array([stages.lateness(record) for record in dispatched], dtype=np.float64)


def plan_of(measurement: Measurement) -> LoadPlan:
    """Return the plan of the run."""
    load = measurement.header.load
    assert load is not None, "it wasn't measured under load"
    return from_document(load["plan"])


def begin_of(measurement: Measurement) -> int:
    """Return when the run began (CLOCK_MONOTONIC)."""
    load = measurement.header.load
    return int(load["begin_ns"]) if load else 0


def _mark_saturated_upstream(rows: Sequence[dict[str, Any]]) -> None:
    """Mark the stages in which the upstream was saturated, compared with the lowest rate of the same workload."""
    lowest: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: float(row["load"]["rate"])):
        first = lowest.setdefault(row["load"]["workload"], row)
        why = guards.saturated_upstream(*({**_latency(one)["arms"]["direct"]} for one in (row, first)))
        if why:
            row["load"]["invalid"]["upstream"] = why


def _latency(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(next(one for one in row["measures"] if one["name"] == "latency"))


def load(measurement: Measurement, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the part of the report that follows from all stages together."""
    plan, begin_ns = plan_of(measurement), begin_of(measurement)
    hops = [arm.name for arm in plan.arms if arm.kind == "hop"]
    main = {stage.name for stage in plan.stages if not stage.fault and stage.workload == plan.stages[0].workload}
    records = [record for record in measurement.records if record.workload in main]
    courses = {arm.name: slices_of(records, arm.name, begin_ns, plan.end_s) for arm in plan.arms}
    stepped = plan.profile == "steps"
    assert measurement.header.load is not None
    return {
        "profile": plan.profile,
        "arrivals": plan.arrivals,
        "rate": plan.rate,
        "processes": measurement.header.load["processes"],
        "knee": _knees(rows, hops) if stepped else [],
        "recovery_s": {hop: _recovery(courses[hop], plan) for hop in hops if _has_complete_spike(measurement, plan)},
        "drift": {hop: _drift(courses[hop], plan) for hop in hops} if plan.profile == "soak" else {},
        "course": courses,
    }


def _knees(rows: Sequence[Mapping[str, Any]], hops: Sequence[str]) -> list[dict[str, Any]]:
    """Return the saturation point of each hop with each workload: what one costs says nothing about another."""
    workloads = dict.fromkeys(row["load"]["workload"] for row in rows)
    return [
        {"hop": hop, "workload": workload, **saturation_point(_steps(rows, hop, workload)).document()}
        for hop in hops
        for workload in workloads
    ]


def _steps(rows: Sequence[Mapping[str, Any]], hop: str, workload: str) -> list[RateStep]:
    """Return a hop's valid rates with a workload."""
    own = [row for row in rows if row["load"]["workload"] == workload and not row["load"]["invalid"]]
    return [_step(row, hop) for row in own]


def _step(row: Mapping[str, Any], hop: str) -> RateStep:
    counts, added = row["exchanges"][hop], _latency(row)["added"].get(hop)
    waited = stages.waited_for(counts)
    keeps_up = not guards.overload(waited, waited - counts["failed"])
    if added is None:
        return RateStep(row["load"]["rate"], LATE, keeps_up)
    interval = added["rough_interval"] or added["median"]
    return RateStep(row["load"]["rate"], added["median"]["value"], keeps_up, interval["low"], interval["high"])


def _drift(slices: Sequence[Mapping[str, Any]], plan: LoadPlan) -> dict[str, float] | None:
    begin_s = min(stage.begin_s for stage in plan.stages if not stage.warmup)
    return drift(slices, begin_s, plan.end_s)


def _has_complete_spike(measurement: Measurement, plan: LoadPlan) -> bool:
    """Whether there was a spike, and the run was complete."""
    return plan.profile == "spike" and not measurement.header.partial


def _recovery(slices: Sequence[Mapping[str, Any]], plan: LoadPlan) -> float | None:
    before, spike = (_first(plan.stages, part) for part in (".before", ".spike"))
    return recovery(slices, (before.begin_s, before.end_s), spike.end_s)


def _first(stages: Sequence[Stage], suffix: str) -> Stage:
    return next(stage for stage in stages if stage.name.endswith(suffix))


def _ended(measurement: Measurement, stage: Stage) -> list[str]:
    """Return the arms of all exchanges that ended during a stage: where requests queue, fewer than were due."""
    begin, end = _span(measurement, stage)
    return [record.arm for record in measurement.records if record.sent_ns and begin <= record.done_ns < end]


def processes(measurement: Measurement) -> list[dict[str, Any]]:
    """Return the summaries of the processes that were watched, stage by stage."""
    measured = [stage for stage in plan_of(measurement).stages if not stage.warmup]
    spans = {stage.name: _span(measurement, stage) for stage in measured}
    counts = {stage.name: Counter(_ended(measurement, stage)) for stage in measured}
    return [usage.summary(process, spans, counts) for process in measurement.header.processes]
