"""How often the intervals of `hopcheck load` hold the truth, by simulation: `python -m tools.coverage`.

At rest, rounds are a series with a known median, independent or autocorrelated. Under load, requests arrive at random
at a hop whose latency goes up and down: its logarithm is an Ornstein-Uhlenbeck process with a known relaxation time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from hopcheck_load.measurement.profiles import STEP_SHARES
from hopcheck_load.measurement.schedule import DIRECT_SHARE, MIN_DIRECT_RATE
from hopcheck_load.stats import blocks, intervals, slices
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.intervals import Estimate
from hopcheck_load.stats.saturation import RateStep, SaturationPoint, saturation_point
from hopcheck_load.stats.slices import Sliced

WARM_VALUES = 200
STEP_S = 0.01
RATE = 100.0
DIRECT_RATE = 25.0
LEVEL_DEVIATION = 0.5
ADDED_MS = 3.0


class Coverage(NamedTuple):
    """What was found.

    Attributes:
        runs: The number of runs.
        intervals: How many of them had an interval.
        held: How many of those held the truth.
    """

    runs: int
    intervals: int
    held: int

    @property
    def shown(self) -> float:
        """The share of runs with an interval."""
        return self.intervals / self.runs

    @property
    def coverage(self) -> float:
        """The share of intervals that hold the truth."""
        return self.held / max(1, self.intervals)

    @property
    def wrong(self) -> float:
        """The share of runs with an interval that doesn't hold the truth."""
        return (self.intervals - self.held) / self.runs


class Scenario(Protocol):
    """A measurement whose truth is known."""

    @property
    def truth(self) -> float:
        """The true value."""

    def estimate(self, draw: np.random.Generator, seed: int) -> Estimate:
        """Measure once."""


def correlated(draw: np.random.Generator, count: int, correlation: float) -> Floats:
    """Return an autoregressive series of first order around 0."""
    return autoregressive(draw.normal(size=count + WARM_VALUES), correlation)[WARM_VALUES:]


def autoregressive(shocks: Floats, correlation: float) -> Floats:
    """Return a series in which each value is the one before, times the correlation, and its shock."""
    from scipy.signal import lfilter  # imported late: it takes a second, which `--help` doesn't need

    series: Floats = lfilter([1.0], [1.0, -correlation], shocks)
    return series


@dataclass(frozen=True)
class AtRest:
    """Paired differences, round by round."""

    rounds: int
    correlation: float
    truth: float = 0.0

    def __str__(self) -> str:
        """Return its row's heading."""
        return f"at rest, {self.rounds:,} rounds, correlation {self.correlation:g}"

    def estimate(self, draw: np.random.Generator, seed: int) -> Estimate:
        """Measure once."""
        return intervals.median_of(correlated(draw, self.rounds, self.correlation), seed)


@dataclass(frozen=True)
class UnderLoad:
    """A hop whose latency fluctuates, against direct requests that don't; `slower` multiplies what it adds."""

    duration_s: float
    fluctuation_s: float
    truth: float = ADDED_MS
    rate: float = RATE
    direct_rate: float = DIRECT_RATE
    slower: float = 1.0

    def __str__(self) -> str:
        """Return its row's heading."""
        how = f"fluctuations of {self.fluctuation_s:g} s" if self.fluctuation_s else "no fluctuations"
        return f"under load, {self.rate:g} a second for {self.duration_s:g} s, {how}"

    def estimate(self, draw: np.random.Generator, seed: int) -> Estimate:
        """Measure once: the medians are 3.3 and 0.3 ms."""
        hop, direct = self._arm(draw, self.rate, is_hop=True), self._arm(draw, self.direct_rate, is_hop=False)
        count = slices.count(self.duration_s)
        (found,) = slices.difference_of(hop, direct, count, (0.5,), seed, self.duration_s / count)
        return found

    def _arm(self, draw: np.random.Generator, rate: float, *, is_hop: bool) -> Sliced:
        due_s = np.sort(draw.uniform(0, self.duration_s, max(1, draw.poisson(rate * self.duration_s))))
        middle, rest = (self.slower * (ADDED_MS - 1.0), self.slower * 1.3) if is_hop else (0.3, 0.0)
        level = self._level(draw)[(due_s / STEP_S).astype(np.intp)] if is_hop and self.fluctuation_s else 0.0
        values = middle * np.exp(level) * draw.lognormal(0, 0.3, due_s.size) + rest
        count = slices.count(self.duration_s)
        return Sliced(values, (due_s * count / self.duration_s).astype(np.intp).clip(0, count - 1))

    def _level(self, draw: np.random.Generator) -> Floats:
        remembered = float(np.exp(-STEP_S / self.fluctuation_s))
        warm = round(10 * self.fluctuation_s / STEP_S)
        shocks = draw.normal(size=round(self.duration_s / STEP_S) + 1 + warm) * np.sqrt(1 - remembered**2)
        return autoregressive(shocks, remembered)[warm:] * LEVEL_DEVIATION


@dataclass(frozen=True)
class RisingRates:
    """The profile `steps`: a hop that bends at a share of the highest rate, or never.

    Attributes:
        duration_s: The length of each step.
        fluctuation_s: See `UnderLoad`.
        bends_at: The share of the highest rate from which it adds `slower` times as much; None for never.
        slower: See `UnderLoad`.
        rate: The highest rate.
    """

    duration_s: float
    fluctuation_s: float
    bends_at: float | None = None
    slower: float = 5.0
    rate: float = RATE

    def __str__(self) -> str:
        """Return its row's heading."""
        how = f"fluctuations of {self.fluctuation_s:g} s" if self.fluctuation_s else "no fluctuations"
        bends = "" if self.bends_at is None else f", {self.slower:g} times as slow from {self.bends_at:.0%} on"
        return f"steps of {self.duration_s:g} s up to {self.rate:g} a second, {how}{bends}"

    @property
    def truth(self) -> float | None:
        """The knee as a share of the highest rate."""
        return None if self.bends_at is None else max(share for share in STEP_SHARES if share < self.bends_at)

    def knee(self, draw: np.random.Generator, seed: int) -> SaturationPoint:
        """Measure once."""
        return saturation_point(self._step(share, draw, seed) for share in STEP_SHARES)

    def _step(self, share: float, draw: np.random.Generator, seed: int) -> RateStep:
        rate = share * self.rate
        is_slow = self.bends_at is not None and share >= self.bends_at
        direct = min(rate, max(DIRECT_SHARE * rate, MIN_DIRECT_RATE))
        measured = UnderLoad(self.duration_s, self.fluctuation_s, 0.0, rate, direct, self.slower if is_slow else 1.0)
        found = measured.estimate(draw, seed)
        low, high = found.rough or (found.low, found.high)
        return RateStep(rate, found.value, True, low, high)


class Knees(NamedTuple):
    """What was found of knees: shares of all runs.

    Attributes:
        right: With the true knee, or rightly without one.
        unknown: Measured for too short a time.
        wrong: With another knee.
    """

    right: float
    unknown: float
    wrong: float


def simulate_knees(scenario: RisingRates, runs: int, seed: int) -> Knees:
    """Measure many times."""
    draw = np.random.default_rng(seed)
    found = [scenario.knee(draw, run) for run in range(runs)]
    rate = None if scenario.truth is None else scenario.truth * scenario.rate
    right = sum(one.outcome != "unknown" and one.outcome != "lowest" and one.rate == rate for one in found)
    unknown = sum(one.outcome == "unknown" for one in found)
    return Knees(right / runs, unknown / runs, (runs - right - unknown) / runs)


def simulate(scenario: Scenario, runs: int, seed: int) -> Coverage:
    """Measure many times."""
    draw = np.random.default_rng(seed)
    found = [scenario.estimate(draw, run) for run in range(runs)]
    known = [one for one in found if one.low is not None and one.high is not None]
    held = sum(one.low <= scenario.truth <= one.high for one in known)  # type: ignore[operator]
    return Coverage(runs, len(known), held)


SCENARIOS: Sequence[Scenario] = (
    *(AtRest(rounds, 0.0) for rounds in (20, 40, 100, 400, 1500)),
    *(AtRest(rounds, 0.9) for rounds in (20, 40, 100, 400, 1500)),
    *(
        UnderLoad(duration_s, at_s, rate=rate, direct_rate=min(rate, DIRECT_RATE))
        for at_s in (0.0, 0.5, 1.0, 2.0)
        for rate in (3.0, 10.0, 100.0)
        for duration_s in (11.0, 30.0, 60.0)
    ),
)

RISING: Sequence[RisingRates] = tuple(
    RisingRates(duration_s, at_s, bends_at, rate=rate)
    for bends_at in (None, 0.75)
    for at_s in (0.0, 0.5)
    for rate in (20.0, 100.0)
    for duration_s in (7.0, 20.0)
)


def main(words: Sequence[str] | None = None) -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tools.coverage", description=__doc__)
    parser.add_argument("--runs", type=int, default=400, help="runs of each scenario (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=400, help="of each interval (default: %(default)s)")
    arguments = parser.parse_args(words)
    blocks.RESAMPLES = arguments.resamples
    print("| | runs with an interval | intervals that hold the truth | runs with a wrong interval |\n|---|---|---|---|")
    for scenario in SCENARIOS:
        found = simulate(scenario, arguments.runs, arguments.seed)
        print(f"| {scenario} | {found.shown:.0%} | {found.coverage:.1%} | {found.wrong:.1%} |", flush=True)
    print("\n| | right | unknown | wrong |\n|---|---|---|---|")
    for rising in RISING:
        knees = simulate_knees(rising, arguments.runs, arguments.seed)
        print(f"| {rising} | {knees.right:.1%} | {knees.unknown:.1%} | {knees.wrong:.1%} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
