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

from hopcheck_load.stats.intervals import CONFIDENCE, MIN_BLOCKS, RESAMPLES, Estimate, Floats

MIN_SLICE_S = 0.25
MAX_SLICES = 60

_BIN_FACTOR = 1.003
_FIRST_BIN_FACTOR_MS = 1e-4


class Sliced(NamedTuple):
    """Values with the number of the slice in which each was due, from 0; both flat and of the same length."""

    values: Floats
    places: NDArray[np.intp]


def count(duration_s: float) -> int:
    """Return into how many slices a time is cut."""
    return int(np.clip(duration_s / MIN_SLICE_S, MIN_BLOCKS, MAX_SLICES))


def difference_of(first: Sliced, second: Sliced, slices: int, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """Return the quantiles of the first minus those of the second, with intervals if there are enough slices.

    Args:
        first: At least one value.
        second: At least one value.
        slices: The number of slices.
        wanted: The quantiles.
        seed: The seed of the resampling.
    """
    values = np.quantile(first.values, wanted) - np.quantile(second.values, wanted)
    if _filled(first) < MIN_BLOCKS or _filled(second) < MIN_BLOCKS:
        return [Estimate(float(value), None, None) for value in values]
    draw = np.random.default_rng(seed)
    weights = draw.multinomial(slices, np.full(slices, 1 / slices), size=RESAMPLES).astype(np.float64)
    drawn = _drawn(first, weights, wanted) - _drawn(second, weights, wanted)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.nanquantile(drawn, (tail, 1 - tail), axis=1)
    return [Estimate(*map(float, three)) for three in zip(values, low, high, strict=True)]


def over_time(first: Sliced, second: Sliced, slices: int) -> list[float | None]:
    """Return the difference of the medians, slice by slice; None where one of them has no value."""
    return [
        float(np.median(one) - np.median(other)) if one.size and other.size else None
        for one, other in zip(by_slice(first, slices), by_slice(second, slices), strict=True)
    ]


def by_slice(values: Sliced, slices: int) -> list[Floats]:
    """Return the values of each slice."""
    return [values.values[values.places == place] for place in range(slices)]


def _filled(values: Sliced) -> int:
    return len(np.unique(values.places))


def _drawn(values: Sliced, weights: Floats, wanted: Sequence[float]) -> Floats:
    """Return quantiles by (quantile, resample); NaN where a resample has no value."""
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
    """Return the first place in each ascending row that reaches each of its targets; one search for all rows."""
    lift = np.arange(len(rows))[:, np.newaxis] * (rows.max() + 1.0)  # so that all rows ascend as one
    found = np.searchsorted((rows + lift).ravel(), targets + lift)
    places: NDArray[np.intp] = found - np.arange(len(rows))[:, np.newaxis] * rows.shape[1]
    return places


def _edges(values: Floats) -> Floats:
    """Return the borders of bins from the least value on, each a little wider than the one before."""
    low = float(values.min())
    span = max(float(values.max()) - low, _FIRST_BIN_FACTOR_MS) * _BIN_FACTOR
    bins = int(np.ceil(np.log(span / _FIRST_BIN_FACTOR_MS) / np.log(_BIN_FACTOR)))
    return np.concatenate(([low], low + np.geomspace(_FIRST_BIN_FACTOR_MS, span, bins + 1)))
