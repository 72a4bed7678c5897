"""Measurements that never happened, with figures that are known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import LOAD_PROFILES, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm, ExchangeTimeline, Header, Measurement, Record, UpstreamVisit
from hopcheck_load.measurement.schedule import arrivals
from hopcheck_load.measurement.workloads import DELTAS, WORKLOADS

MS = 1_000_000
MACHINE = {
    "processor": "a processor",
    "processors": 2,
    "system": "a system",
    "python": "3.11",
    "load_before": 0.1,
    "busy_before": 0.01,
    "client_priority": "ordinary",
    "stolen": 0.0,
}


def header(*hops: str) -> Header:
    kinds = {"direct": "direct", "control": "control", **dict.fromkeys(hops, "hop")}
    return Header(
        tool={"name": "hopcheck", "version": "0.1.0"},
        started="2026-01-01T00:00:00+00:00",
        command="hopcheck load",
        seed=3,
        arms=[Arm(name, kind, f"http://{name}.invalid/v1", "m", "secret") for name, kind in kinds.items()],
        workloads={},
        upstream={"url": "http://127.0.0.1:1", "started_here": True, "delay_ms": 0.0},
        machine=dict(MACHINE),
    )


def exchange(workload: str, number: int, arm: str, latency_ms: float, *, upstream_ms: float = 0.05) -> Record:
    """One that spends half of the rest before the upstream, half after."""
    sent = number * 1_000 * MS
    done = sent + round(latency_ms * MS)
    received = sent + round((latency_ms - upstream_ms) / 2 * MS)
    left = received + round(upstream_ms * MS)
    return Record(
        workload,
        number,
        arm,
        0,
        f"hopcheck:load.{workload}~~chat:{arm}{number}",
        status=200,
        sent_ns=sent,
        head_ns=done,
        done_ns=done,
        size=100,
        upstream=UpstreamVisit(1, received, left, left, left),
    )


def streamed(number: int, arm: str, lag_ms: Callable[[int], float]) -> Record:
    """A paced stream whose event n is late by `lag_ms(n)`."""
    record = exchange("paced", number, arm, 300.0, upstream_ms=200.0)
    assert record.upstream is not None
    first = record.upstream.received_ns + MS
    stamps = [first + 4 * MS * place for place in range(DELTAS)]
    reads = [stamp + round(lag_ms(place) * MS) for place, stamp in enumerate(stamps)]
    record.timeline = ExchangeTimeline(list(range(DELTAS)), stamps, reads, list(range(DELTAS)))
    return record


def chats(rounds: int, added_ms: Mapping[str, float], spread_ms: float = 0.02) -> Measurement:
    """Exchanges of 0.1 ms directly, and of so much more through each hop, with noise."""
    noise = np.random.default_rng(5)
    made = Measurement(header(*added_ms), [])
    made.header.workloads["chat"] = WORKLOADS["chat"].about
    for number, (arm, added) in itertools.product(range(rounds), {"direct": 0.0, "control": 0.0, **added_ms}.items()):
        made.records.append(exchange("chat", number, arm, 0.2 + added + float(noise.normal(0, spread_ms))))
    return made


def streams(rounds: int, lags_ms: Mapping[str, float]) -> Measurement:
    """Paced streams whose events are late by 0.05 ms directly, and by so much more through each hop."""
    made = Measurement(header(*lags_ms), [])
    made.header.workloads["paced"] = WORKLOADS["paced"].about
    for number, (arm, lag) in itertools.product(range(rounds), {"direct": 0.0, "control": 0.0, **lags_ms}.items()):
        made.records.append(streamed(number, arm, lambda place, late=lag: 0.05 + late + place * 1e-4))
    return made


def loaded(
    profile: str = "steady",
    *,
    rate: float = 100.0,
    duration_s: float = 20.0,
    added_ms: Callable[[float], float] = lambda due_s: 1.0,
    late_ms: Callable[[int], float] = lambda number: 0.05,
    workloads: Mapping[str, float] | None = None,
) -> Measurement:
    """A run under load whose hop adds `added_ms(due_s)` (or that of its workload), with a generator that is late."""
    each = workloads or {"chat": 0.0}
    made = Measurement(header("hop"), [])
    plan = LoadPlan(
        arms=made.header.arms,
        profile=profile,
        stages=stages_of(LOAD_PROFILES[profile], StageRequest(rate, duration_s, tuple(each))),
        arrivals="poisson",
        rate=rate,
        seed=3,
        prefix="0" * 8,
    )
    made.header.load = {"plan": plan.document(), "begin_ns": 1_000 * MS, "processes": 1}
    made.header.workloads = {stage.name: stage.describe() for stage in plan.stages if not stage.warmup}
    noise = np.random.default_rng(5)
    for number, one in enumerate(arrivals(plan.stages, plan.arms, plan.arrivals, plan.seed)):
        stage, arm = plan.stages[one.stage], plan.arms[one.arm]
        added = (each.get(stage.workload) or added_ms(one.due_s)) if arm.kind == "hop" else 0.0
        record = exchange(stage.name, 0, arm.name, 0.3 + added + float(noise.normal(0, 0.02)))
        due = 1_000 * MS + round(one.due_s * 1e9)
        sent = due + round(late_ms(number) * MS)
        shift_by(record, sent)
        record.due_ns, record.dispatched_ns, record.warmup, record.round = due, sent, stage.warmup, one.number
        made.records.append(record)
    return made


def shift_by(record: Record, by_ns: int) -> None:
    """Let it happen so much later."""
    record.sent_ns, record.head_ns, record.done_ns = (
        at + by_ns for at in (record.sent_ns, record.head_ns, record.done_ns)
    )
    seen = record.upstream
    assert seen is not None
    record.upstream = UpstreamVisit(
        1, *(at + by_ns for at in (seen.received_ns, seen.head_ns, seen.first_ns, seen.last_ns))
    )


def latency(row: dict[str, Any]) -> dict[str, Any]:
    """The latency among the measures of a report's row."""
    return next(one for one in row["measures"] if one["name"] == "latency")
