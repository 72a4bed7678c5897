"""When each request is due: a schedule that is drawn from a seed before anything is sent.

Every stage and arm has an arrival process of its own, Poisson or evenly spaced, and all are merged in time. Several
workers share a schedule: each draws its part, and together they reach the rate. Pure; knows no clock.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from hopcheck_load.measurement.profiles import Stage
from hopcheck_load.measurement.records import Arm

ArrivalKind = Literal["poisson", "constant"]
ARRIVAL_KINDS: tuple[ArrivalKind, ...] = ("poisson", "constant")

DIRECT_SHARE = 0.25
"""The rate of the direct arm and of the control, as a share of a hop's: they are there to compare with, not as load."""

MIN_DIRECT_RATE = 20.0
"""At least this rate (a second), unless a hop gets less."""


class PlannedArrival(NamedTuple):
    """A request that is due.

    Attributes:
        due_s: When it is due, in seconds from the beginning of the run.
        stage: The stage's index in the plan.
        arm: The arm's index in the plan.
        number: Its number among this worker's requests of that stage and arm, from 0.
    """

    due_s: float
    stage: int
    arm: int
    number: int


def rate_of(stage: Stage, arm: Arm, *, alone: bool = False) -> float:
    """Return the rate of a stage's requests through an arm; `alone` means that there are no hops."""
    if arm.kind == "hop" or alone:
        return stage.rate
    return min(stage.rate, max(DIRECT_SHARE * stage.rate, MIN_DIRECT_RATE))


def arrivals(
    stages: Sequence[Stage], arms: Sequence[Arm], kind: ArrivalKind, seed: int, worker: int = 0, workers: int = 1
) -> Iterator[PlannedArrival]:
    """Return one worker's requests in the order in which they are due.

    Args:
        stages: The plan's stages.
        arms: The plan's arms.
        kind: Poisson or evenly spaced.
        seed: The same for all workers.
        worker: This worker's number, from 0.
        workers: How many workers there are.
    """
    alone = all(arm.kind != "hop" for arm in arms)
    processes = []
    for place, stage in enumerate(stages):
        for way, arm in enumerate(arms):
            draw = random.Random(f"{seed}:{worker}/{workers}:{place}:{way}")  # noqa: S311 - nothing secret
            phase = random.Random(f"{seed}:{place}:{way}").random()  # noqa: S311 - the same for all workers
            rate = rate_of(stage, arm, alone=alone) / workers
            due = (
                _poisson(stage, rate, draw) if kind == "poisson" else _constant(stage, rate, (worker + phase) / workers)
            )
            processes.append(_numbered(due, place, way))
    return heapq.merge(*processes)


def _numbered(due: Iterator[float], stage: int, arm: int) -> Iterator[PlannedArrival]:
    return (PlannedArrival(at_s, stage, arm, number) for number, at_s in enumerate(due))


def _poisson(stage: Stage, rate: float, draw: random.Random) -> Iterator[float]:
    at_s = stage.begin_s
    while (at_s := at_s + draw.expovariate(rate)) < stage.end_s:
        yield at_s


def _constant(stage: Stage, rate: float, phase: float) -> Iterator[float]:
    """Return evenly spaced times; `phase` is the offset of the first, as a share of the spacing."""
    number = 0
    while (at_s := stage.begin_s + (number + phase % 1.0) / rate) < stage.end_s:
        yield at_s
        number += 1
