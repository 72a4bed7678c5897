"""What arrives when: a shape lays points out in time, each with a workload and a rate. Pure; knows no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hopcheck_load.measurement.workloads import WORKLOADS, Workload

Fault = Literal["", "429", "500", "fallback"]

WARMUP_SHARE = 0.1
WARMUP_MOST_S = 3.0
"""What arrives this early only warms up."""

STEPS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Parts of the highest rate."""

PAUSE_SHARE = 0.1
"""So much of each step nothing arrives, so that what piled up can drain."""

SPIKE = 4.0
"""How many times the rate arrives in a spike."""

BIG_RATE = 1.0
"""Large prompts a second, beside small ones."""

FAULTY_SHARE = 0.05
"""Of what arrives, for each kind of fault."""

FLEET = Workload("fleet", "a stream of 50 deltas, one each 50 ms", stream=True, pace_s=0.05)
"""As tokens come from a large model: 2.5 s a stream."""

LOADS: Mapping[str, Workload] = {**WORKLOADS, FLEET.name: FLEET}
"""What can arrive."""


@dataclass(frozen=True, slots=True)
class Point:
    """Exchanges of one kind at one rate in one span of time: a row of the report.

    Attributes:
        name: How it is called in records and reports.
        workload: What is asked.
        rate: Arrivals a second, through each hop.
        begin_s: When its first may arrive, from the beginning of the run.
        end_s: When none does any more.
        fault: What the upstream does to it first, if it came through a hop.
        warmup: Whether it only warms up.
    """

    name: str
    workload: str
    rate: float
    begin_s: float
    end_s: float
    fault: Fault = ""
    warmup: bool = False

    def about(self) -> str:
        """What it is, in a few words."""
        how = {"": "", "429": ", 429 first", "500": ", 500 first", "fallback": ", first route fails"}[self.fault]
        return f"{LOADS[self.workload].about}{how}; {self.rate:g} a second for {self.end_s - self.begin_s:g} s"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a shape is made from.

    Attributes:
        rate: Arrivals a second through each hop; a shape with several rates takes it as its highest or its usual one.
        duration_s: Of the whole, warming up included.
        workloads: What is asked, in equal parts.
        fallback: Whether some of it is to fall back.
    """

    rate: float
    duration_s: float
    workloads: Sequence[str] = ("chat",)
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape: its name, what it is good for, and its points after warming up, in seconds from there."""

    name: str
    about: str
    points: Callable[[Ask], list[Point]]


def lay_out(shape: Shape, ask: Ask) -> list[Point]:
    """A shape's points, after some that warm up."""
    warm_s = min(WARMUP_MOST_S, WARMUP_SHARE * ask.duration_s)
    rest = replace(ask, duration_s=ask.duration_s - warm_s)
    points = shape.points(rest)
    first = min(point.begin_s for point in points)
    warming = [point for point in points if point.begin_s == first]
    return [
        *(replace(one, name=f"{one.name}.warmup", begin_s=0.0, end_s=warm_s, warmup=True) for one in warming),
        *(replace(one, begin_s=one.begin_s + warm_s, end_s=one.end_s + warm_s) for one in points),
    ]


def _parts(ask: Ask, suffix: str, times: float, begin: float, end: float) -> list[Point]:
    """Points of all workloads, at so many times the rate, between two parts of the duration."""
    rate = ask.rate * times / len(ask.workloads)
    span = begin * ask.duration_s, end * ask.duration_s
    return [Point(f"{name}{suffix}", name, rate, *span) for name in ask.workloads]


def _steady(ask: Ask) -> list[Point]:
    return _parts(ask, "", 1.0, 0.0, 1.0)


def _steps(ask: Ask) -> list[Point]:
    each = 1 / len(STEPS)
    return [
        point
        for at, part in enumerate(STEPS)
        for point in _parts(ask, f"@{ask.rate * part:g}", part, at * each, (at + 1 - PAUSE_SHARE) * each)
    ]


def _spike(ask: Ask) -> list[Point]:
    before, spike = _parts(ask, ".before", 1.0, 0.0, 0.3), _parts(ask, ".spike", SPIKE, 0.3, 0.4)
    return [*before, *spike, *_parts(ask, ".after", 1.0, 0.4, 1.0)]


def _fleet(ask: Ask) -> list[Point]:
    return _steady(replace(ask, workloads=(FLEET.name,)))


def _faults(ask: Ask) -> list[Point]:
    kinds: tuple[Fault, ...] = ("429", "500", "fallback") if ask.fallback else ("429", "500")
    plain = [replace(one, rate=one.rate * (1 - FAULTY_SHARE * len(kinds))) for one in _steady(ask)]
    faulty = [
        replace(one, name=f"{one.name}.{kind}", rate=one.rate * FAULTY_SHARE, fault=kind)
        for kind in kinds
        for one in _steady(ask)
    ]
    return [*plain, *faulty]


def _head_of_line(ask: Ask) -> list[Point]:
    beside = _parts(ask, ".beside-100k", 1.0, 0.5, 1.0)
    return [
        *_parts(ask, ".alone", 1.0, 0.0, 0.48),
        *beside,
        *(replace(one, name="100k", workload="100k", rate=BIG_RATE) for one in beside[:1]),
    ]


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape("steady", "one rate", _steady),
        Shape("steps", "rates that rise, to find the knee", _steps),
        Shape("spike", f"{SPIKE:g} times the rate for a while, and how long it takes to recover", _spike),
        Shape("soak", "one rate for long: does latency or memory creep up?", _steady),
        Shape("fleet", "many streams at once, 2.5 s each: the rate times 2.5", _fleet),
        Shape("faults", "429s, retries and fallbacks among healthy requests", _faults),
        Shape("head-of-line", "small requests, alone and beside prompts of 100,000 tokens", _head_of_line),
    )
}
"""By name."""
