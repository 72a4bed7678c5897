"""Differences of quantiles under load, with intervals: slices of time are drawn, not exchanges.

Under load, exchanges that are near in time wait in the same queue, and those of two arms aren't made in pairs. So a run
is cut into slices of equal length, blocks of neighbouring slices are drawn, the same ones for both arms, and the
quantiles are taken of what they hold. A request that failed is infinitely late. Drawn values are counted in bins by
rank, so millions of them cost no more, and a thousand are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hopcheck_load.stats.blocks import MIN_BLOCKS, Blocks, Floats, block_length_over_scales, blocks_of
from hopcheck_load.stats.intervals import Estimate, quantile_of, with_interval

MIN_SLICE_S = 0.1

MIN_BLOCK_S = 1.0
"""A block is at least this long: a shorter run can't tell whether latencies fluctuate within seconds."""

MIN_VALUES = 60
"""With fewer requests through an arm, slow fluctuations look like chance: there is no interval, either."""

MAX_SLICES = 120

_BINS, _TOP_BINS = 1_000, 300


class Sliced(NamedTuple):
    """Values with the number of the slice in which each was due, from 0; both flat and of the same length."""

    values: Floats
    places: NDArray[np.intp]


def count(duration_s: float) -> int:
    """Return into how many slices a time is cut."""
    return int(np.clip(duration_s / MIN_SLICE_S, MIN_BLOCKS, MAX_SLICES))


def difference_of(
    first: Sliced, second: Sliced, slices: int, wanted: Sequence[float], seed: int, slice_s: float = math.inf
) -> list[Estimate]:
    """Return the quantiles of the first minus those of the second, with intervals if there are enough slices.

    Args:
        first: At least one value.
        second: At least one value, and a finite median.
        slices: The number of slices.
        wanted: The quantiles.
        seed: The seed of the resampling.
        slice_s: The length of a slice.
    """
    values = _quantiles(first, wanted) - _quantiles(second, wanted)
    series = _influence(first, slices) - _influence(second, slices)
    blocks = Blocks(slices, max(block_length_over_scales(series), round(MIN_BLOCK_S / slice_s)))
    few = min(first.values.size, second.values.size)
    needed = max(blocks.needed, math.ceil(slices * MIN_VALUES / few))
    rough = blocks if slices >= needed else blocks_of(series)
    if not rough.suffice or min(_filled(first), _filled(second)) < MIN_BLOCKS:
        return [Estimate(float(value), None, None, max(needed, slices + 1)) for value in values]
    weights = _weights(rough, seed)
    found = with_interval(values, _drawn(first, weights, wanted) - _drawn(second, weights, wanted), rough)
    return found if slices >= needed else [_only_rough(one, needed) for one in found]


def _only_rough(found: Estimate, needed: int) -> Estimate:
    rough = None if found.low is None or found.high is None else (found.low, found.high)
    return Estimate(found.value, None, None, needed, rough)


def _quantiles(sliced: Sliced, wanted: Sequence[float]) -> Floats:
    ordered = np.sort(sliced.values)
    return np.array([quantile_of(ordered, one) for one in wanted])


def _influence(sliced: Sliced, slices: int) -> Floats:
    """Return how far each slice pulls the middle up or down: ranks, in the unit of the values."""
    from scipy.stats import rankdata  # imported late, as in `blocks`

    ranks = rankdata(sliced.values) / sliced.values.size - 0.5
    finite = sliced.values[np.isfinite(sliced.values)]
    low, high = np.quantile(finite, (0.25, 0.75)) if finite.size else (0.0, 1.0)
    total = np.bincount(sliced.places, weights=ranks, minlength=slices)
    scaled: Floats = total * (high - low) / sliced.values.size
    return scaled


def _weights(blocks: Blocks, seed: int) -> Floats:
    """Return how often each slice was drawn, by (resample, slice)."""
    drawn = np.concatenate(list(blocks.resamples(seed)))
    lifted = drawn + np.arange(len(drawn))[:, np.newaxis] * blocks.size
    counts = np.bincount(lifted.ravel(), minlength=drawn.size)
    return counts.reshape(drawn.shape).astype(np.float64)


def over_time(first: Sliced, second: Sliced, slices: int) -> list[float | None]:
    """Return the difference of the medians, slice by slice; None where one of them has no finite value."""
    return [_finite_difference(*both) for both in zip(by_slice(first, slices), by_slice(second, slices), strict=True)]


def _finite_difference(first: Floats, second: Floats) -> float | None:
    one, other = (values[np.isfinite(values)] for values in (first, second))
    return float(np.median(one) - np.median(other)) if one.size and other.size else None


def by_slice(values: Sliced, slices: int) -> list[Floats]:
    """Return the values of each slice."""
    return [values.values[values.places == place] for place in range(slices)]


def _filled(values: Sliced) -> int:
    return len(np.unique(values.places))


def _drawn(values: Sliced, weights: Floats, wanted: Sequence[float]) -> Floats:
    """Return quantiles by (quantile, resample); NaN where a resample has no value."""
    order = np.argsort(values.values, kind="stable")
    borders = _borders(order.size)
    counts = np.zeros((weights.shape[1], borders.size - 1))
    bins = np.repeat(np.arange(borders.size - 1), np.diff(borders))
    np.add.at(counts, (values.places[order], bins), 1)
    middles = values.values[order[(borders[:-1] + borders[1:] - 1) // 2]]
    reached = np.cumsum(weights @ counts, axis=1)
    found = middles[_first_at(reached, reached[:, -1:] * np.asarray(wanted)).clip(max=middles.size - 1)]
    return np.where(reached[:, -1:] > 0, found, np.nan).T


def _first_at(rows: Floats, targets: Floats) -> NDArray[np.intp]:
    """Return the first place in each ascending row that reaches each of its targets; one search for all rows."""
    lift = np.arange(len(rows))[:, np.newaxis] * (rows.max() + 1.0)  # so that all rows ascend as one
    found = np.searchsorted((rows + lift).ravel(), targets + lift)
    places: NDArray[np.intp] = found - np.arange(len(rows))[:, np.newaxis] * rows.shape[1]
    return places


def _borders(count: int) -> NDArray[np.intp]:
    """Return the borders of bins, as places among the ascending values: evenly spaced, and finer towards the top."""
    above = count - np.geomspace(1, count, _TOP_BINS)
    return np.unique(np.concatenate([np.linspace(0, count, _BINS + 1), above]).round().astype(np.intp))
