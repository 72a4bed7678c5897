"""The measurements of a calibration: which relays, in which workloads, with or without pauses."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hopcheck_load.closed_loop.run import measure
from hopcheck_load.measurement.plan import MeasurementPlan, MeasurementResult
from hopcheck_load.measurement.records import Arm, Measurement
from hopcheck_load.measurement.upstream_process import UpstreamProcess
from hopcheck_load.measurement.workloads import WORKLOADS, Workload
from hopcheck_server.relay import RelayConfig
from tools.calibrate import delays
from tools.calibrate.servers import relays

PAUSE_S = 0.010
"""The pause before each exchange, and the upstream's delay before each response.

A process that has been idle for some milliseconds is slow at first. With pauses, that is so with a delay and without
one; back to back it would be so only after a delay, and would be measured as a part of it.
"""

CONTROL_ROUNDS = 1500
HOT_ROUNDS = 200
STREAMS = 60
CONSTANTS = tuple(f"late-{delay:g}ms" for delay in delays.CONSTANTS_MS)
DISTRIBUTIONS = ("exponential", "bimodal")
SHOWN_HOT = ("late-1ms", "late-5ms", "late-20ms")
COMMAND = "python -m tools.calibrate"
KEY = RelayConfig(upstream="").client_keys[0]


@dataclass(frozen=True)
class CalibrationResult:
    """The measurements of a calibration.

    Attributes:
        control: The plain relay, back to back.
        hot: Constant delays, back to back.
        paused: Delays on requests, with pauses.
        events: Delays on events.
    """

    control: Measurement
    hot: Measurement
    paused: Measurement
    events: Measurement


def plan(url: str, names: Sequence[str], workload: Workload, pause_s: float = 0.0) -> MeasurementPlan:
    """Return the plan of a measurement of some relays."""
    hops = [Arm(name, "hop", f"{url}/{name}/v1", "fake-model", KEY) for name in names]
    return MeasurementPlan(hops=hops, workloads=[workload], pause_s=pause_s, command=COMMAND)


def plans(url: str, rounds: int) -> dict[str, MeasurementPlan]:
    """Return the plans of all measurements, by the fields of `CalibrationResult`."""
    chat, paced = WORKLOADS["chat"], WORKLOADS["paced"]
    slow = replace(chat, rounds=rounds, delay_s=PAUSE_S)
    on_events = (delays.EVENTS_ON_TIME, "late-first", "late-events", "in-pairs")
    return {
        "control": plan(url, ("base",), replace(chat, rounds=min(CONTROL_ROUNDS, 3 * rounds))),
        "hot": plan(url, (delays.ON_TIME, *SHOWN_HOT), replace(chat, rounds=min(HOT_ROUNDS, rounds))),
        "paused": plan(url, (delays.ON_TIME, *CONSTANTS, *DISTRIBUTIONS), slow, PAUSE_S),
        "events": plan(url, on_events, replace(paced, rounds=max(3, min(STREAMS, rounds)))),
    }


def calibrate(rounds: int) -> CalibrationResult:
    """Carry out all measurements.

    Raises:
        Stop: One of them ended early.
        KeyboardInterrupt: A signal ended one: a part of the rounds doesn't suffice for the limits.
    """
    with UpstreamProcess() as provider, relays(provider.url) as url:
        return CalibrationResult(
            **{name: complete(measure(one, provider, note)) for name, one in plans(url, rounds).items()}
        )


def complete(outcome: MeasurementResult) -> Measurement:
    """Return a complete measurement, or raise as `calibrate` does."""
    if outcome.interrupted:
        raise KeyboardInterrupt
    if outcome.failure is not None:
        raise outcome.failure
    return outcome.measurement


def note(step: str) -> None:
    """Print on stderr what is being measured."""
    print(f"measuring {step}", file=sys.stderr, flush=True)
