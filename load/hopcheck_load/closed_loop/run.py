"""One measurement from beginning to end: the upstream, the check, the workloads, each with its part of the time."""

from __future__ import annotations

import datetime
import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from time import monotonic

from hopcheck_load.closed_loop.rounds import RoundBudget, Rounds
from hopcheck_load.measurement import machine, priority, usage
from hopcheck_load.measurement.records import Arm, Header, Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import Timing, Workload
from hopcheck_load.report import document as report
from hopcheck_server.exits import UNTESTABLE, Stop
from hopcheck_server.wire.signals import STOP_SIGNALS, raise_interrupt_on

Note = Callable[[str], None]

NO_END = math.inf


@dataclass(frozen=True, kw_only=True)
class MeasurementPlan:
    """What is to be measured.

    Attributes:
        hops: Without the direct arms.
        workloads: In order.
        rounds: Of every workload; None for each one's own number.
        duration_s: How long all of it may take; None if only rounds count.
        delay_s: The mean of the upstream's delay before each answer.
        pause_s: How long nothing is asked before each exchange.
        seed: What everything is drawn from.
        command: What was typed.
        refuse_busy: Measure nothing on a machine that has other things to do.
        real_time: The client goes before all that is ordinary on the machine.
        pids: Processes to be watched: `NAME=PID`.
    """

    hops: Sequence[Arm]
    workloads: Sequence[Workload]
    rounds: int | None = None
    duration_s: float | None = None
    delay_s: float = 0.0
    pause_s: float = 0.0
    seed: int = 0
    command: str = ""
    refuse_busy: bool = False
    real_time: bool = False
    pids: Sequence[str] = ()


@dataclass
class MeasurementResult:
    """What a measurement came to.

    Attributes:
        measurement: All that was measured.
        interrupted: Somebody stopped it.
        failure: Why it ended early by itself, or None.
    """

    measurement: Measurement
    interrupted: bool = False
    failure: Stop | None = field(default=None)


def arms(plan: MeasurementPlan, upstream_url: str) -> list[Arm]:
    """All arms of a measurement: direct, direct again, the hops."""
    first = plan.hops[0]
    direct = Arm("direct", "direct", f"{upstream_url}/v1", first.model, "hopcheck-direct")
    return [direct, replace(direct, name="control", kind="control"), *plan.hops]


def measure(plan: MeasurementPlan, provider: UpstreamProcess, note: Note) -> MeasurementResult:
    """Measure; Ctrl-C and SIGTERM end it with what was learnt so far.

    Raises:
        Stop: An arm can't be measured at all.
    """
    begun = monotonic()
    head = header(plan, provider)
    refuse_busy(plan, head)
    timing = Timing(plan.delay_s, plan.seed)
    bench = Rounds(head.arms, provider, timing, plan.seed, secrets.token_hex(4), plan.pause_s)
    outcome = MeasurementResult(Measurement(head, bench.records))
    watch = usage.ProcessWatch(plan.pids, head.arms, provider.url)
    before = machine.ProcessorTicks.now()
    import_module("scipy.stats")  # takes half a second, which warming up would otherwise have in its middle
    try:
        raise_interrupt_on(*STOP_SIGNALS)
        with priority.real_time(plan.real_time):
            bench.check(plan.workloads[0])
            _measure_all(plan, bench, head, watch, note)
    except KeyboardInterrupt:
        outcome.interrupted, head.partial = True, "interrupted"
    except Stop as stop:
        if not any(not record.warmup for record in bench.records):
            raise
        outcome.failure, head.partial = stop, str(stop)
    finally:
        bench.close()
    head.processes = watch.document()
    head.machine["stolen"] = round(machine.ProcessorTicks.now().since(before)[1], 4)
    head.duration_s = monotonic() - begun
    return outcome


def refuse_busy(plan: MeasurementPlan, head: Header) -> None:
    """Don't begin on a busy machine, if the plan says so.

    Raises:
        Stop: It is busy.
    """
    if plan.refuse_busy and (found := machine.complaints(head.machine)):
        raise Stop(UNTESTABLE, f"the machine is busy: {found[0]}.")


def header(plan: MeasurementPlan, provider: UpstreamProcess) -> Header:
    """What is known before anything is measured; takes half a second, to look at the machine."""
    return Header(
        tool=report.tool(),
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=plan.command,
        seed=plan.seed,
        arms=arms(plan, provider.url),
        workloads={},
        upstream={
            "url": provider.url,
            "started_here": provider.ours,
            "delay_ms": plan.delay_s * 1e3,
            "pause_ms": plan.pause_s * 1e3,
        },
        machine=machine.look() | {"client_priority": "real-time" if plan.real_time else "ordinary"},
    )


def _measure_all(plan: MeasurementPlan, bench: Rounds, header: Header, watch: usage.ProcessWatch, note: Note) -> None:
    shares = sum(workload.share for workload in plan.workloads)
    end_s = monotonic() + plan.duration_s if plan.duration_s is not None else NO_END
    for workload in plan.workloads:
        note(f"{workload.name}: {workload.about}")
        header.workloads[workload.name] = workload.about
        left_s = end_s - monotonic()
        until_s = monotonic() + left_s * workload.share / shares
        shares -= workload.share
        rounds = plan.rounds or workload.rounds
        amount = RoundBudget(rounds, until_s, at_least=min(rounds, 3 if workload.pace_s else 10))
        watch.look()
        header.warmups[workload.name] = bench.measure(workload, amount).document()
    watch.look()
