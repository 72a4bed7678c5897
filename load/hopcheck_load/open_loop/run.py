"""One measurement under load from beginning to end: the check, the run, the header of what was found."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

from hopcheck_load.closed_loop.rounds import Rounds
from hopcheck_load.closed_loop.run import MeasurementPlan, MeasurementResult, header, refuse_busy
from hopcheck_load.measurement import machine, priority, usage
from hopcheck_load.measurement.load_plan import LoadPlan
from hopcheck_load.measurement.profiles import LOAD_PROFILES, StageRequest, stages_of
from hopcheck_load.measurement.records import Arm, Measurement
from hopcheck_load.measurement.schedule import ArrivalKind
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import Timing
from hopcheck_load.open_loop import campaign
from hopcheck_server.exits import UNTESTABLE, Stop

DURATION_S = 30.0


@dataclass(frozen=True, kw_only=True)
class OpenLoopPlan:
    """What is to be measured under load.

    Attributes:
        base: What is said as it is at rest: hops, workloads, seed, delay; its rounds say nothing.
        rate: Arrivals a second through each hop.
        duration_s: Of the whole.
        profile: A profile's name.
        arrivals: How they arrive.
        processes: How many Locust processes there are.
        fallback_model: See `LoadPlan`.
    """

    base: MeasurementPlan
    rate: float
    duration_s: float = DURATION_S
    profile: str = "steady"
    arrivals: ArrivalKind = "poisson"
    processes: int = 1
    fallback_model: str = ""


def measure(asked: OpenLoopPlan, provider: UpstreamProcess, note: Callable[[str], None]) -> MeasurementResult:
    """Measure; Ctrl-C and SIGTERM end it with what was learnt so far.

    Raises:
        Stop: An arm can't be measured at all, or Locust can't be run.
    """
    begun = monotonic()
    head = header(asked.base, provider)
    refuse_busy(asked.base, head)
    plan = _plan(asked, head.arms)
    watch = usage.ProcessWatch(asked.base.pids, head.arms, provider.url)
    _check(asked.base, head.arms, provider)
    before = machine.ProcessorTicks.now()
    with priority.real_time(asked.base.real_time):
        found = campaign.carry_out(plan, provider.url, asked.processes, watch, note)
    head.workloads = {stage.name: stage.about() for stage in plan.stages if not stage.warmup}
    head.load = {"plan": plan.document(), "begin_ns": found.begin_ns, "processes": asked.processes}
    head.processes = watch.document()
    head.machine["stolen"] = round(machine.ProcessorTicks.now().since(before)[1], 4)
    head.duration_s = monotonic() - begun
    head.partial = "interrupted" if found.interrupted else found.failure
    failure = Stop(UNTESTABLE, found.failure) if found.failure else None
    return MeasurementResult(Measurement(head, found.records), found.interrupted, failure)


def _plan(asked: OpenLoopPlan, arms: Sequence[Arm]) -> LoadPlan:
    workloads = tuple(workload.name for workload in asked.base.workloads)
    ask = StageRequest(asked.rate, asked.duration_s, workloads, bool(asked.fallback_model))
    return LoadPlan(
        arms=arms,
        profile=asked.profile,
        stages=stages_of(LOAD_PROFILES[asked.profile], ask),
        arrivals=asked.arrivals,
        rate=asked.rate,
        seed=asked.base.seed,
        prefix=secrets.token_hex(4),
        delay_s=asked.base.delay_s,
        fallback_model=asked.fallback_model,
    )


def _check(base: MeasurementPlan, arms: Sequence[Arm], provider: UpstreamProcess) -> None:
    """Ask through every arm once, and see that it arrives."""
    bench = Rounds(arms, provider, Timing(base.delay_s, base.seed), base.seed, secrets.token_hex(4))
    try:
        bench.check(base.workloads[0])
    finally:
        bench.close()
