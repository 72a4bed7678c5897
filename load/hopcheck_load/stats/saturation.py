"""The saturation point: the highest rate at which a hop still responds as it does when it is nearly idle. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

SATURATED_FACTOR = 2.0
"""A hop is saturated when it adds more than this multiple of what it adds at the lowest rate."""

MIN_SATURATED_MS = 1.0
"""And when that is at least this time more."""

MIN_RATES = 3
"""With fewer rates, a hop that isn't saturated at any of them has no curve that could have a knee."""

Outcome = Literal["found", "none", "lowest", "unknown"]
"""The knee was found; there is none up to the highest rate; the hop is saturated at the lowest rate already; or there
are too few valid rates."""


class RateStep(NamedTuple):
    """A hop at one rate.

    Attributes:
        rate: Requests a second.
        added_ms: The median that it adds; infinity if it fails half of the requests.
        keeps_up: Whether it answered nearly all requests.
    """

    rate: float
    added_ms: float
    keeps_up: bool


class SaturationPoint(NamedTuple):
    """Where a hop becomes saturated.

    Attributes:
        outcome: What was found.
        rate: The highest rate before the first at which it is saturated, if there is one.
        saturated: The first rate at which it is saturated, if there is one.
        up_to: The highest valid rate.
        rates: The number of valid rates.
    """

    outcome: Outcome
    rate: float | None = None
    saturated: float | None = None
    up_to: float | None = None
    rates: int = 0

    def document(self) -> dict[str, Any]:
        """Return it as JSON, for the report."""
        return self._asdict()


def saturation_point(steps: Iterable[RateStep]) -> SaturationPoint:
    """Return where a hop becomes saturated, from its valid rates with one workload."""
    ordered = sorted(steps)
    if not ordered:
        return SaturationPoint("unknown")
    seen = {"up_to": ordered[-1].rate, "rates": len(ordered)}
    first = _first_saturated(ordered)
    if first is not None and (not ordered[first].keeps_up or len(ordered) >= MIN_RATES):
        rate = ordered[first - 1].rate if first else None
        return SaturationPoint("found" if first else "lowest", rate, ordered[first].rate, **seen)  # type: ignore[arg-type]
    return SaturationPoint("none" if len(ordered) >= MIN_RATES else "unknown", **seen)  # type: ignore[arg-type]


def _first_saturated(ordered: Sequence[RateStep]) -> int | None:
    return next((place for place, step in enumerate(ordered) if is_saturated(ordered[0], step)), None)


def is_saturated(first: RateStep, step: RateStep) -> bool:
    """Whether a hop is saturated at a rate, compared with the lowest rate."""
    if not step.keeps_up or step.added_ms == float("inf"):
        return True
    return step.added_ms - first.added_ms > MIN_SATURATED_MS and step.added_ms > SATURATED_FACTOR * max(
        first.added_ms, 0.0
    )
