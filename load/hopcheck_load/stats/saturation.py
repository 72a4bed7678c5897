"""The saturation point: the highest rate at which a hop still responds as it does when it is nearly idle. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

SATURATED_FACTOR = 2.0
"""A hop is saturated when it adds more than this multiple of what it adds at the lowest rate."""

MIN_SATURATED_MS = 1.0
"""And when that is at least this time more."""

MAX_BASELINE_SHARE = 1.5
"""Other rates are compared with one at which the ends of the interval are no farther from the median than this multiple
of it, ..."""

MAX_BASELINE_MS = 0.5
"""... or than this time. A few requests at a low rate don't suffice for that."""

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
        low_ms: The lower end of the median's interval, or None.
        high_ms: The upper end.
    """

    rate: float
    added_ms: float
    keeps_up: bool
    low_ms: float | None = None
    high_ms: float | None = None

    @property
    def is_known_well(self) -> bool:
        """Whether the median is known well enough to compare others with it."""
        if self.low_ms is None or self.high_ms is None or not self.keeps_up:
            return False
        off_ms = max(self.high_ms - self.added_ms, self.added_ms - self.low_ms)
        return off_ms <= max(MAX_BASELINE_MS, MAX_BASELINE_SHARE * self.added_ms)

    @property
    def at_least_ms(self) -> float:
        """What the hop adds at least; without an interval, its median."""
        return self.added_ms if self.low_ms is None else self.low_ms


class SaturationPoint(NamedTuple):
    """Where a hop becomes saturated.

    Attributes:
        outcome: What was found.
        rate: The highest rate before the first at which it is saturated, if there is one.
        saturated: The first rate at which it is saturated, if there is one.
        up_to: The highest valid rate.
        rates: The number of rates that could be compared: the valid ones from the first at which the median is known
            well enough.
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
    base = next((place for place, step in enumerate(ordered) if step.is_known_well), len(ordered))
    compared, up_to = len(ordered) - base, ordered[-1].rate if ordered else None
    first = next((place for place in range(len(ordered)) if _is_saturated(ordered, place, compared)), None)
    if first is None:
        outcome: Outcome = "none" if compared >= MIN_RATES else "unknown"
        return SaturationPoint(outcome, up_to=up_to, rates=compared)
    rate = ordered[first - 1].rate if first else None
    return SaturationPoint("found" if first else "lowest", rate, ordered[first].rate, up_to, compared)


def _is_saturated(ordered: Sequence[RateStep], place: int, compared: int) -> bool:
    """Whether a hop is saturated at a rate: it doesn't keep up there, or adds clearly more than at a lower rate."""
    step = ordered[place]
    if not step.keeps_up or step.added_ms == float("inf"):
        return True
    usual_ms = min(
        (one.high_ms for one in ordered[:place] if one.is_known_well and one.high_ms is not None), default=None
    )
    if usual_ms is None or compared < MIN_RATES:
        return False
    return step.at_least_ms > max(SATURATED_FACTOR * usual_ms, usual_ms + MIN_SATURATED_MS)
