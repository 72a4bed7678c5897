"""The saturation point: the highest rate at which a hop still responds as it does when it is nearly idle. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

SATURATED_FACTOR = 2.0
"""A hop is saturated when it adds more than this multiple of what it adds at the lowest rate."""

MIN_SATURATED_MS = 1.0
"""And when that is at least this time more."""


class RateStep(NamedTuple):
    """A hop at one rate.

    Attributes:
        rate: Requests a second.
        added_ms: The median that it adds.
        keeps_up: Whether it answered nearly all requests.
    """

    rate: float
    added_ms: float
    keeps_up: bool


def saturation_rate(steps: Sequence[RateStep]) -> float | None:
    """Return the rate before the first one at which the hop is saturated; None if it never is, or at every rate."""
    ordered = sorted(steps)
    for before, step in pairwise(ordered):
        if not before.keeps_up:
            return None
        if is_saturated(ordered[0], step):
            return before.rate
    return None


def is_saturated(first: RateStep, step: RateStep) -> bool:
    """Whether a hop is saturated at a rate, compared with the lowest rate."""
    more_ms = step.added_ms - first.added_ms
    slower = more_ms > MIN_SATURATED_MS and step.added_ms > SATURATED_FACTOR * max(first.added_ms, 0.0)
    return slower or not step.keeps_up
