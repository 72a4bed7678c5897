"""Measurements whose truth is known.

At rest, rounds are a series with a known median, independent or autocorrelated. Under load, requests arrive at random
at a hop whose latency goes up and down: its logarithm is an Ornstein-Uhlenbeck process with a known relaxation time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from hopcheck_load.stats import intervals, slices
from hopcheck_load.stats.blocks import Floats
from hopcheck_load.stats.intervals import Estimate
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
