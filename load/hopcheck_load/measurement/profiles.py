"""Load profiles: sequences of stages, each with a workload and a rate of arrivals. Pure; knows no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from hopcheck_load.measurement.workloads import REST_WORKLOADS, Workload, on_all_surfaces, workload_name

Fault = Literal["", "429", "500", "fallback"]

WARMUP_SHARE = 0.1
MAX_WARMUP_S = 3.0
"""Requests that arrive this early only warm up."""

STEP_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""The rates of the profile `steps`, as shares of the highest rate."""

PAUSE_SHARE = 0.1
"""The last part of each step, in which nothing arrives, so that queues can drain."""

SPIKE_FACTOR = 4.0
"""The rate in a spike, as a multiple of the usual rate."""

LARGE_PROMPT_RATE = 1.0
"""Large prompts a second, in the profile `head-of-line`."""

FAULTY_SHARE = 0.05
"""The share of each kind of fault among all arrivals."""

FLEET = Workload("fleet", "a stream of 50 deltas, one each 50 ms", stream=True, pace_s=0.05)
"""Tokens at the pace of a large model: 2.5 s a stream."""

LOAD_WORKLOADS: Mapping[str, Workload] = {**REST_WORKLOADS, **on_all_surfaces({FLEET.name: FLEET})}
"""The workloads that can arrive under load, by name."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A rate of one workload, held for a while: a row of the report.

    Attributes:
        name: Its name in records and reports.
        workload: The name of its workload.
        rate: Arrivals a second, through each hop.
        begin_s: When it begins, in seconds from the beginning of the run.
        end_s: When it ends.
        fault: The upstream's first response to requests that came through a hop, if it is a fault.
        warmup: Whether it only warms up.
    """

    name: str
    workload: str
    rate: float
    begin_s: float
    end_s: float
    fault: Fault = ""
    warmup: bool = False

    def describe(self) -> str:
        """Return its workload, fault, rate and length in a few words."""
        how = {"": "", "429": ", 429 first", "500": ", 500 first", "fallback": ", first route fails"}[self.fault]
        return f"{LOAD_WORKLOADS[self.workload].about}{how}; {self.rate:g} a second for {self.end_s - self.begin_s:g} s"


@dataclass(frozen=True, slots=True)
class StageRequest:
    """What a user asks of a profile.

    Attributes:
        rate: Arrivals a second through each hop; in a profile with several rates, the highest or the usual one.
        duration_s: The length of the whole run, including warming up.
        workloads: The names of the workloads; each gets an equal part of the rate.
        fallback: Whether some requests are to end up at a fallback model.
    """

    rate: float
    duration_s: float
    workloads: Sequence[str] = ("chat",)
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """A sequence of stages; their times count from the end of warming up."""

    name: str
    about: str
    stages: Callable[[StageRequest], list[Stage]]


def stages_of(profile: LoadProfile, request: StageRequest) -> list[Stage]:
    """Return a profile's stages, with those that warm up in front."""
    warm_s = min(MAX_WARMUP_S, WARMUP_SHARE * request.duration_s)
    rest = replace(request, duration_s=request.duration_s - warm_s)
    stages = profile.stages(rest)
    first = min(stage.begin_s for stage in stages)
    warming = [stage for stage in stages if stage.begin_s == first]
    return [
        *(replace(one, name=f"{one.name}.warmup", begin_s=0.0, end_s=warm_s, warmup=True) for one in warming),
        *(replace(one, begin_s=one.begin_s + warm_s, end_s=one.end_s + warm_s) for one in stages),
    ]


def rounded(rate: float) -> float:
    """Return a rate to four digits: a third of 20 a second is 6.667."""
    return float(f"{rate:.4g}")


def _parts(request: StageRequest, suffix: str, times: float, begin: float, end: float) -> list[Stage]:
    """Return one stage a workload, at a multiple of the rate, between two shares of the duration."""
    rate = rounded(request.rate * times / len(request.workloads))
    span = begin * request.duration_s, end * request.duration_s
    return [Stage(f"{name}{suffix}", name, rate, *span) for name in request.workloads]


def _steady(request: StageRequest) -> list[Stage]:
    return _parts(request, "", 1.0, 0.0, 1.0)


def _steps(request: StageRequest) -> list[Stage]:
    each = 1 / len(STEP_SHARES)
    return [
        stage
        for at, part in enumerate(STEP_SHARES)
        for stage in _parts(request, _at(request, part), part, at * each, (at + 1 - PAUSE_SHARE) * each)
    ]


def _at(request: StageRequest, part: float) -> str:
    """Return the ending of the names of one step: the rate of each workload."""
    return f"@{rounded(request.rate * part / len(request.workloads)):g}"


def _spike(request: StageRequest) -> list[Stage]:
    before, spike = _parts(request, ".before", 1.0, 0.0, 0.3), _parts(request, ".spike", SPIKE_FACTOR, 0.3, 0.4)
    return [*before, *spike, *_parts(request, ".after", 1.0, 0.4, 1.0)]


def _fleet(request: StageRequest) -> list[Stage]:
    surfaces = dict.fromkeys(LOAD_WORKLOADS[name].surface for name in request.workloads)
    return _steady(replace(request, workloads=[workload_name(FLEET.name, surface) for surface in surfaces]))


def _faults(request: StageRequest) -> list[Stage]:
    kinds: tuple[Fault, ...] = ("429", "500", "fallback") if request.fallback else ("429", "500")
    plain = [replace(one, rate=one.rate * (1 - FAULTY_SHARE * len(kinds))) for one in _steady(request)]
    faulty = [
        replace(one, name=f"{one.name}.{kind}", rate=one.rate * FAULTY_SHARE, fault=kind)
        for kind in kinds
        for one in _steady(request)
    ]
    return [*plain, *faulty]


def _head_of_line(request: StageRequest) -> list[Stage]:
    with_large = _parts(request, ".with-100k", 1.0, 0.5, 1.0)
    large = workload_name("100k", LOAD_WORKLOADS[request.workloads[0]].surface)
    return [
        *_parts(request, ".alone", 1.0, 0.0, 0.48),
        *with_large,
        *(replace(one, name=large, workload=large, rate=LARGE_PROMPT_RATE) for one in with_large[:1]),
    ]


LOAD_PROFILES: Mapping[str, LoadProfile] = {
    profile.name: profile
    for profile in (
        LoadProfile("steady", "one rate", _steady),
        LoadProfile("steps", "rates that rise, to find the knee", _steps),
        LoadProfile("spike", f"{SPIKE_FACTOR:g} times the rate for a while, and how long it takes to recover", _spike),
        LoadProfile("soak", "one rate for long: does latency or memory creep up?", _steady),
        LoadProfile("fleet", "many streams at once, 2.5 s each: the rate times 2.5", _fleet),
        LoadProfile("faults", "429s, retries and fallbacks among healthy requests", _faults),
        LoadProfile("head-of-line", "small requests, alone and together with prompts of 100,000 tokens", _head_of_line),
    )
}
"""All profiles by name."""
