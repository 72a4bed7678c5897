"""A measurement at rest from beginning to end: the check, then the workloads, each with its share of the time."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from importlib import import_module
from time import monotonic

from hopcheck_load.closed_loop.rounds import RoundBudget, Rounds
from hopcheck_load.measurement import machine, priority
from hopcheck_load.measurement.arm_connections import ArmConnections
from hopcheck_load.measurement.plan import MeasurementPlan, MeasurementResult, begin_header
from hopcheck_load.measurement.records import Header, Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.usage import ProcessWatch
from hopcheck_load.measurement.workloads import Timing
from hopcheck_server.exits import Stop
from hopcheck_server.wire.event_loop import STOP_SIGNALS, raise_interrupt_on

Note = Callable[[str], None]
"""Is called with a sentence about what is being measured."""


def measure(plan: MeasurementPlan, upstream: UpstreamProcess, note: Note) -> MeasurementResult:
    """Measure at rest; after Ctrl-C or SIGTERM the result has what was measured until then.

    Raises:
        Stop: An arm can't be measured at all.
    """
    begun, before = monotonic(), machine.ProcessorTicks.now()
    header = begin_header(plan, upstream)
    connections = ArmConnections(header.arms, upstream, Timing(plan.delay_s, plan.seed), secrets.token_hex(4))
    rounds = Rounds(connections, plan.seed, plan.pause_s)
    result = MeasurementResult(Measurement(header, rounds.records))
    watch = ProcessWatch(plan.pids, header.arms, upstream.url)
    try:
        raise_interrupt_on(*STOP_SIGNALS)
        connections.check(plan.workloads)
        import_module("scipy.stats")  # takes half a second, which warming up would otherwise have in its middle
        with priority.real_time(plan.real_time):
            _measure_workloads(plan, rounds, header, watch, note)
    except KeyboardInterrupt:
        result.interrupted, header.partial = True, "interrupted"
    except Stop as stop:
        if all(record.warmup for record in rounds.records):
            raise
        result.failure, header.partial = stop, str(stop)
    finally:
        connections.close()
    header.processes = watch.document()
    header.machine["stolen"] = machine.stolen_share(before)
    header.duration_s = monotonic() - begun
    return result


def _measure_workloads(plan: MeasurementPlan, rounds: Rounds, header: Header, watch: ProcessWatch, note: Note) -> None:
    shares = sum(workload.share for workload in plan.workloads)
    end_s = math.inf if plan.duration_s is None else monotonic() + plan.duration_s
    for workload in plan.workloads:
        note(f"{workload.name}: {workload.about}")
        header.workloads[workload.name] = workload.about
        now_s = monotonic()
        until_s = now_s + (end_s - now_s) * workload.share / shares
        shares -= workload.share
        most = plan.rounds or workload.rounds
        budget = RoundBudget(most, until_s, min_rounds=min(most, 3 if workload.pace_s else 10))
        watch.sample()
        header.warmups[workload.name] = rounds.measure(workload, budget).document()
    watch.sample()
