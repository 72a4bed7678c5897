"""The knee: the highest rate at which a hop still behaves as it does when it has little to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

BENT = 2.0
"""At so many times what a hop adds at the lowest rate, the curve has bent."""

LEAST_MS = 1.0
"""A hop that adds less than this more hasn't bent, whatever the factor."""


class RateStep(NamedTuple):
    """A hop at one rate.

    Attributes:
        rate: Requests a second.
        added_ms: The median that it adds.
        kept_up: Whether nearly all were answered.
    """

    rate: float
    added_ms: float
    kept_up: bool


def saturation_rate(steps: Sequence[RateStep]) -> float | None:
    """The highest rate before the first at which it bends or doesn't keep up; None if it never does, or at once."""
    ordered = sorted(steps)
    for before, step in pairwise(ordered):
        if not before.kept_up:
            return None
        if bent(ordered[0], step):
            return before.rate
    return None


def bent(first: RateStep, step: RateStep) -> bool:
    """Whether a hop does worse at a rate than at the lowest one."""
    more = step.added_ms - first.added_ms
    return not step.kept_up or (more > LEAST_MS and step.added_ms > BENT * max(first.added_ms, 0.0))
