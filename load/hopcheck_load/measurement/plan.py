"""What a user wants measured, what a measurement has to say first of all, and its result: at rest and under load."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

from hopcheck_load.measurement import machine
from hopcheck_load.measurement.records import Arm, Header, Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import Workload
from hopcheck_server.exits import UNTESTABLE, Stop


@dataclass(frozen=True, kw_only=True)
class MeasurementPlan:
    """What is to be measured, and under which conditions.

    Attributes:
        hops: The hops, without the direct arms.
        workloads: The workloads, in order.
        rounds: The rounds of every workload; None for each workload's own number. At rest only.
        duration_s: How long all workloads together may take; None if only rounds count. At rest only.
        delay_s: The mean of the upstream's delay before each response.
        pause_s: A pause before each exchange. At rest only.
        seed: The seed of every random draw.
        command: The command line, for the report.
        refuse_busy: Whether to stop if the machine is busy with other work.
        real_time: Whether the client runs at real-time priority.
        pids: Processes to watch, as `NAME=PID`.
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

    def arms(self, upstream_url: str) -> list[Arm]:
        """Return all arms: direct, the control (direct once more), and the hops."""
        direct = Arm("direct", "direct", f"{upstream_url}/v1", self.hops[0].model, "hopcheck-direct")
        return [direct, replace(direct, name="control", kind="control"), *self.hops]


@dataclass
class MeasurementResult:
    """A measurement, and how it ended.

    Attributes:
        measurement: The header and all records.
        interrupted: Whether a signal ended it.
        failure: Why it ended early without a signal, or None.
    """

    measurement: Measurement
    interrupted: bool = False
    failure: Stop | None = None


def begin_header(plan: MeasurementPlan, upstream: UpstreamProcess) -> Header:
    """Return the header of a new measurement; takes half a second, in which it watches the machine.

    Raises:
        Stop: The machine is busy, and the plan refuses that.
    """
    seen = machine.describe() | {"client_priority": "real-time" if plan.real_time else "ordinary"}
    if plan.refuse_busy and (found := machine.complaints(seen)):
        raise Stop(UNTESTABLE, f"the machine is busy: {found[0]}.")
    return Header(
        tool={"name": "hopcheck", "version": version("hopcheck")},
        started=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        command=plan.command,
        seed=plan.seed,
        arms=plan.arms(upstream.url),
        workloads={},
        upstream={
            "url": upstream.url,
            "started_here": upstream.ours,
            "delay_ms": plan.delay_s * 1e3,
            "pause_ms": plan.pause_s * 1e3,
        },
        machine=seen,
    )
