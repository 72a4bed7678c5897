"""What arrives when: a profile lays stages out in time, each with a workload and a rate. Pure; knows no clock."""

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

LOAD_WORKLOADS: Mapping[str, Workload] = {**WORKLOADS, FLEET.name: FLEET}
"""What can arrive."""


@dataclass(frozen=True, slots=True)
class Stage:
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
        return f"{LOAD_WORKLOADS[self.workload].about}{how}; {self.rate:g} a second for {self.end_s - self.begin_s:g} s"


@dataclass(frozen=True, slots=True)
class StageRequest:
    """What a profile is made from.

    Attributes:
        rate: Arrivals a second through each hop; a profile with several rates takes it as its highest or its usual one.
        duration_s: Of the whole, warming up included.
        workloads: What is asked, in equal parts.
        fallback: Whether some of it is to fall back.
    """

    rate: float
    duration_s: float
    workloads: Sequence[str] = ("chat",)
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """A profile: its name, what it is good for, and its stages after warming up, in seconds from there."""

    name: str
    about: str
    stages: Callable[[StageRequest], list[Stage]]


def stages_of(profile: LoadProfile, ask: StageRequest) -> list[Stage]:
    """A profile's stages, after some that warm up."""
    warm_s = min(WARMUP_MOST_S, WARMUP_SHARE * ask.duration_s)
    rest = replace(ask, duration_s=ask.duration_s - warm_s)
    stages = profile.stages(rest)
    first = min(stage.begin_s for stage in stages)
    warming = [stage for stage in stages if stage.begin_s == first]
    return [
        *(replace(one, name=f"{one.name}.warmup", begin_s=0.0, end_s=warm_s, warmup=True) for one in warming),
        *(replace(one, begin_s=one.begin_s + warm_s, end_s=one.end_s + warm_s) for one in stages),
    ]


def _parts(ask: StageRequest, suffix: str, times: float, begin: float, end: float) -> list[Stage]:
    """Points of all workloads, at so many times the rate, between two parts of the duration."""
    rate = ask.rate * times / len(ask.workloads)
    span = begin * ask.duration_s, end * ask.duration_s
    return [Stage(f"{name}{suffix}", name, rate, *span) for name in ask.workloads]


def _steady(ask: StageRequest) -> list[Stage]:
    return _parts(ask, "", 1.0, 0.0, 1.0)


def _steps(ask: StageRequest) -> list[Stage]:
    each = 1 / len(STEPS)
    return [
        stage
        for at, part in enumerate(STEPS)
        for stage in _parts(ask, f"@{ask.rate * part:g}", part, at * each, (at + 1 - PAUSE_SHARE) * each)
    ]


def _spike(ask: StageRequest) -> list[Stage]:
    before, spike = _parts(ask, ".before", 1.0, 0.0, 0.3), _parts(ask, ".spike", SPIKE, 0.3, 0.4)
    return [*before, *spike, *_parts(ask, ".after", 1.0, 0.4, 1.0)]


def _fleet(ask: StageRequest) -> list[Stage]:
    return _steady(replace(ask, workloads=(FLEET.name,)))


def _faults(ask: StageRequest) -> list[Stage]:
    kinds: tuple[Fault, ...] = ("429", "500", "fallback") if ask.fallback else ("429", "500")
    plain = [replace(one, rate=one.rate * (1 - FAULTY_SHARE * len(kinds))) for one in _steady(ask)]
    faulty = [
        replace(one, name=f"{one.name}.{kind}", rate=one.rate * FAULTY_SHARE, fault=kind)
        for kind in kinds
        for one in _steady(ask)
    ]
    return [*plain, *faulty]


def _head_of_line(ask: StageRequest) -> list[Stage]:
    beside = _parts(ask, ".beside-100k", 1.0, 0.5, 1.0)
    return [
        *_parts(ask, ".alone", 1.0, 0.0, 0.48),
        *beside,
        *(replace(one, name="100k", workload="100k", rate=BIG_RATE) for one in beside[:1]),
    ]


LOAD_PROFILES: Mapping[str, LoadProfile] = {
    profile.name: profile
    for profile in (
        LoadProfile("steady", "one rate", _steady),
        LoadProfile("steps", "rates that rise, to find the knee", _steps),
        LoadProfile("spike", f"{SPIKE:g} times the rate for a while, and how long it takes to recover", _spike),
        LoadProfile("soak", "one rate for long: does latency or memory creep up?", _steady),
        LoadProfile("fleet", "many streams at once, 2.5 s each: the rate times 2.5", _fleet),
        LoadProfile("faults", "429s, retries and fallbacks among healthy requests", _faults),
        LoadProfile("head-of-line", "small requests, alone and beside prompts of 100,000 tokens", _head_of_line),
    )
}
"""By name."""
