"""The profile `steps` on a hop whose knee is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hopcheck_load.measurement.profiles import STEP_SHARES
from hopcheck_load.measurement.schedule import DIRECT_SHARE, MIN_DIRECT_RATE
from hopcheck_load.stats.saturation import RateStep, SaturationPoint, saturation_point
from tools.coverage.scenarios import RATE, UnderLoad


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


RISING: Sequence[RisingRates] = tuple(
    RisingRates(duration_s, at_s, bends_at, rate=rate)
    for bends_at in (None, 0.75)
    for at_s in (0.0, 0.5)
    for rate in (20.0, 100.0)
    for duration_s in (7.0, 20.0)
)
