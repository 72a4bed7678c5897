"""Differences of quantiles under load, with intervals: slices of time are drawn, not exchanges.

Under load, exchanges that are near in time wait in the same queue, and those of two arms aren't made in pairs. So a run
is cut into slices of equal length, whole slices are drawn, the same ones for both arms, and the quantiles are taken of
what they hold. Drawn values are counted in bins, so millions of them cost no more. The bins are as fine as the values
lie close together: their widths grow with the distance from the least of them, not with the value (a stream of 2.5 s
that a hop makes 0.1 ms longer would fall into the same bin as before).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hopcheck_load.stats.intervals import CONFIDENCE, FEWEST_BLOCKS, RESAMPLES, Estimate, Floats

SLICE_S = 0.25
"""A slice is at least so long."""

MOST = 60
"""There are no more slices than these."""

_BIN = 1.003
_LEAST_MS = 1e-4


class Sliced(NamedTuple):
    """Values, and the slice in which each was due, from 0; both flat and of the same length."""

    values: Floats
    places: NDArray[np.intp]


def count(duration_s: float) -> int:
    """Into how many slices so long a time is cut."""
    return int(np.clip(duration_s / SLICE_S, FEWEST_BLOCKS, MOST))


def difference_of(first: Sliced, second: Sliced, slices: int, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """The quantiles of the first minus those of the second, with intervals if there are slices enough.

    Args:
        first: At least one value.
        second: At least one value.
        slices: How many there are.
        wanted: Which quantiles.
        seed: The drawing's.
    """
    values = np.quantile(first.values, wanted) - np.quantile(second.values, wanted)
    if _filled(first) < FEWEST_BLOCKS or _filled(second) < FEWEST_BLOCKS:
        return [Estimate(float(value), None, None) for value in values]
    draw = np.random.default_rng(seed)
    weights = draw.multinomial(slices, np.full(slices, 1 / slices), size=RESAMPLES).astype(np.float64)
    drawn = _drawn(first, weights, wanted) - _drawn(second, weights, wanted)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail), axis=1)
    return [Estimate(*map(float, three)) for three in zip(values, low, high, strict=True)]


def over_time(first: Sliced, second: Sliced, slices: int) -> list[float | None]:
    """The difference of the medians, slice by slice; None where one has no value."""
    return [
        float(np.median(one) - np.median(other)) if one.size and other.size else None
        for one, other in zip(by_slice(first, slices), by_slice(second, slices), strict=True)
    ]


def by_slice(values: Sliced, slices: int) -> list[Floats]:
    """The values of each slice."""
    return [values.values[values.places == place] for place in range(slices)]


def _filled(values: Sliced) -> int:
    return len(np.unique(values.places))


def _drawn(values: Sliced, weights: Floats, wanted: Sequence[float]) -> Floats:
    """Quantiles by (quantile, resample); NaN where a resample holds no value."""
    edges = _edges(values.values)
    bins = np.clip(np.searchsorted(edges, values.values, side="right") - 1, 0, len(edges) - 2)
    counts = np.zeros((weights.shape[1], len(edges) - 1))
    np.add.at(counts, (values.places, bins), 1)
    used = np.flatnonzero(counts.any(axis=0))
    middles = (edges[used] + edges[used + 1]) / 2
    reached = np.cumsum(weights @ counts[:, used], axis=1)
    found = middles[_first_at(reached, reached[:, -1:] * np.asarray(wanted)).clip(max=len(used) - 1)]
    return np.where(reached[:, -1:] > 0, found, np.nan).T


def _first_at(rows: Floats, targets: Floats) -> NDArray[np.intp]:
    """In each row, which ascends, the first place that reaches each of its targets; all rows in one search."""
    lift = np.arange(len(rows))[:, np.newaxis] * (rows.max() + 1.0)  # so that all rows ascend as one
    found = np.searchsorted((rows + lift).ravel(), targets + lift)
    places: NDArray[np.intp] = found - np.arange(len(rows))[:, np.newaxis] * rows.shape[1]
    return places


def _edges(values: Floats) -> Floats:
    """Borders of bins, from the least value on: by their distance from it, each a little wider than the one before."""
    low = float(values.min())
    span = max(float(values.max()) - low, _LEAST_MS) * _BIN
    bins = int(np.ceil(np.log(span / _LEAST_MS) / np.log(_BIN)))
    return np.concatenate(([low], low + np.geomspace(_LEAST_MS, span, bins + 1)))
