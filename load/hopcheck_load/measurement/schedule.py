"""When each request is due: an absolute timetable, drawn from a seed before anything is sent.

Every stage and arm has an arrival process of its own, so what each of them sees is Poisson (or constant), and all are
mixed in time. Several workers share a timetable: each draws its part, and together they make the rate. Pure; knows no
clock.
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
"""Directly, and directly once more, so large a part of each hop's rate arrives: to compare with, not to add load."""

DIRECT_LEAST = 20.0
"""But so many a second, if a hop gets as many."""


class PlannedArrival(NamedTuple):
    """A request that is due.

    Attributes:
        due_s: When, from the beginning of the run.
        stage: The stage's place in the plan.
        arm: The arm's place in the plan.
        number: Which of that stage and arm it is, in this worker, from 0.
    """

    due_s: float
    stage: int
    arm: int
    number: int


def rate_of(stage: Stage, arm: Arm, *, alone: bool = False) -> float:
    """How many of a stage's requests a second take an arm; `alone` if there is no other."""
    if arm.kind == "hop" or alone:
        return stage.rate
    return min(stage.rate, max(DIRECT_SHARE * stage.rate, DIRECT_LEAST))


def arrivals(
    stages: Sequence[Stage], arms: Sequence[Arm], kind: ArrivalKind, seed: int, worker: int = 0, workers: int = 1
) -> Iterator[PlannedArrival]:
    """All that is due in one worker, in order.

    Args:
        stages: What arrives when.
        arms: Which ways it takes.
        kind: How.
        seed: The same for all workers.
        worker: Which one this is, from 0.
        workers: How many there are.
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
    """At equal distances; `phase` is where in the first of them it begins."""
    number = 0
    while (at_s := stage.begin_s + (number + phase % 1.0) / rate) < stage.end_s:
        yield at_s
        number += 1
