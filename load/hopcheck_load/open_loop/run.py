"""A measurement under load from beginning to end: the check, the run, and the header of what was measured."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from hopcheck_load.export.metrics import MetricsSink
from hopcheck_load.measurement import machine, priority
from hopcheck_load.measurement.arm_connections import ArmConnections
from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.plan import MeasurementPlan, MeasurementResult, begin_header
from hopcheck_load.measurement.profiles import LOAD_PROFILES, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm, Measurement
from hopcheck_load.measurement.schedule import ArrivalKind
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.usage import ProcessWatch
from hopcheck_load.measurement.workloads import Timing
from hopcheck_load.open_loop import campaign
from hopcheck_server.exits import UNTESTABLE, Stop

DURATION_S = 30.0


@dataclass(frozen=True, kw_only=True)
class OpenLoopPlan:
    """What is to be measured under load.

    Attributes:
        base: What it has in common with a measurement at rest.
        rate: Arrivals a second through each hop.
        duration_s: The length of the whole run.
        profile: The name of a load profile.
        arrivals: Whether arrivals are a Poisson process or evenly spaced.
        processes: How many Locust processes share the rate.
        fallback_model: See `LoadPlan`.
    """

    base: MeasurementPlan
    rate: float
    duration_s: float = DURATION_S
    profile: str = "steady"
    arrivals: ArrivalKind = "poisson"
    processes: int = 1
    fallback_model: str = ""


def measure(
    plan: OpenLoopPlan, upstream: UpstreamProcess, note: Callable[[str], None], sinks: Sequence[MetricsSink] = ()
) -> MeasurementResult:
    """Measure under load; after Ctrl-C or SIGTERM the result has what was measured until then.

    Raises:
        Stop: An arm can't be measured at all, or Locust can't be run.
    """
    begun, before = monotonic(), machine.ProcessorTicks.now()
    header = begin_header(plan.base, upstream)
    load_plan = _load_plan(plan, header.arms)
    watch = ProcessWatch(plan.base.pids, header.arms, upstream.url)
    _check(plan.base, header.arms, upstream)
    with priority.real_time(plan.base.real_time):
        found = campaign.carry_out(load_plan, upstream.url, plan.processes, watch, note, sinks)
    header.workloads = {stage.name: stage.describe() for stage in load_plan.stages if not stage.warmup}
    header.load = {"plan": load_plan.document(), "begin_ns": found.begin_ns, "processes": plan.processes}
    header.processes = watch.document()
    header.machine["stolen"] = machine.stolen_share(before)
    header.duration_s = monotonic() - begun
    header.partial = "interrupted" if found.interrupted else found.failure
    failure = Stop(UNTESTABLE, found.failure) if found.failure else None
    return MeasurementResult(Measurement(header, found.records), found.interrupted, failure)


def _load_plan(plan: OpenLoopPlan, arms: Sequence[Arm]) -> LoadPlan:
    workloads = tuple(workload.name for workload in plan.base.workloads)
    request = StageRequest(plan.rate, plan.duration_s, workloads, bool(plan.fallback_model))
    return LoadPlan(
        arms=arms,
        profile=plan.profile,
        stages=stages_of(LOAD_PROFILES[plan.profile], request),
        arrivals=plan.arrivals,
        rate=plan.rate,
        seed=plan.base.seed,
        prefix=secrets.token_hex(4),
        delay_s=plan.base.delay_s,
        fallback_model=plan.fallback_model,
    )


def _check(base: MeasurementPlan, arms: Sequence[Arm], upstream: UpstreamProcess) -> None:
    connections = ArmConnections(arms, upstream, Timing(base.delay_s, base.seed), secrets.token_hex(4))
    try:
        connections.check(base.workloads)
    finally:
        connections.close()
