"""Medians and quantiles with intervals that account for drift and for the correlation of neighbours in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from hopcheck_load.stats.blocks import Blocks, Floats, Rows, blocks_of
from hopcheck_load.stats.sample_size import has_enough_values, has_rough_values

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
"""The quantiles of every table."""


class Estimate(NamedTuple):
    """A value and its interval.

    Attributes:
        value: The value.
        low: The lower end; None if there are too few values for an interval.
        high: The upper end.
        needed: How many rounds an interval takes (under load: how many slices of time).
        rough: Without an interval, (low, high) of what would be one if latencies didn't fluctuate slowly; or None.
    """

    value: float
    low: float | None
    high: float | None
    needed: int = 0
    rough: tuple[float, float] | None = None

    def document(self) -> dict[str, float | None]:
        """Return it as JSON, for the report."""
        ends = rounded(self.low), rounded(self.high)
        low, high = (None, None) if None in ends or ends[0] == -np.inf else ends
        return {"value": rounded(self.value), "low": low, "high": high}

    def rough_document(self) -> dict[str, float | None] | None:
        """Return the rough interval as JSON."""
        if self.rough is None or not np.isfinite(self.rough[0]):
            return None
        return {"low": rounded(self.rough[0]), "high": rounded(self.rough[1])}


def rounded(value: float | None) -> float | None:
    """Round milliseconds to the hundredth of a microsecond: more digits would mean nothing. Infinity stays."""
    return None if value is None or np.isnan(value) else round(float(value), 5)


def label(quantile: float) -> str:
    """Return the name of a quantile: `p50`, `p99.9`."""
    return f"p{100 * quantile:g}"


def quantiles(values: Floats, wanted: Sequence[float] = QUANTILES) -> dict[str, float | None]:
    """Return quantiles by name; None for those that need more values, infinity where that many requests failed."""
    flat = np.sort(values.ravel())
    enough = {one: has_enough_values(flat.size, one) for one in wanted}
    return {label(one): rounded(quantile_of(flat, one)) if enough[one] else None for one in wanted}


def rough_quantiles(values: Floats) -> dict[str, float | None]:
    """Return the quantiles that too few values tell for a figure of their own, by name: enough for a look."""
    flat = np.sort(values.ravel())
    return {label(one): rounded(quantile_of(flat, one)) for one in QUANTILES if has_rough_values(flat.size, one)}


def quantile_of(ordered: Floats, wanted: float) -> float:
    """Return a quantile of ascending values; between a number and infinity lies infinity."""
    place = wanted * (ordered.size - 1)
    if np.isposinf(ordered[int(np.ceil(place))]):
        return float("inf")
    return float(np.quantile(ordered[np.isfinite(ordered)], place / max(1, np.isfinite(ordered).sum() - 1)))


def quantiles_of(values: Floats, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """Return quantiles with intervals; the values are one or a row of several for each round."""
    return _estimates(lambda rows: _quantiles(values[rows], wanted), values, seed)


def difference_of(first: Floats, second: Floats, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """Return the quantiles of the first minus those of the second, measured in the same rounds, with intervals."""

    def statistic(rows: Rows) -> Floats:
        return _quantiles(first[rows], wanted) - _quantiles(second[rows], wanted)

    return _estimates(statistic, first - second, seed)


def median_of(values: Floats, seed: int) -> Estimate:
    """Return the median with its interval."""
    return quantiles_of(values, (0.5,), seed)[0]


def _quantiles(values: Floats, wanted: Sequence[float]) -> Floats:
    """Return quantiles by (quantile, resample) of values by (resample, round) or (resample, round, event)."""
    found: Floats = np.quantile(values.reshape(values.shape[0], -1), wanted, axis=-1)
    return found


def _estimates(statistic: Callable[[Rows], Floats], series: Floats, seed: int) -> list[Estimate]:
    """Return a statistic of all rounds with intervals; blocks are as long as the series asks, one value for each."""
    by_round = series.reshape(len(series), -1)
    values = statistic(np.arange(len(series))[np.newaxis])[:, 0]
    blocks = blocks_of(np.median(by_round, axis=1))
    if not blocks.suffice:
        return [Estimate(float(value), None, None, blocks.needed) for value in values]
    drawn = np.concatenate([statistic(rows) for rows in blocks.resamples(seed, by_round.shape[1])], axis=1)
    return with_interval(values, drawn, blocks)


def with_interval(values: Floats, drawn: Floats, blocks: Blocks) -> list[Estimate]:
    """Return estimates, from resamples by (statistic, resample); resamples without a value don't count."""
    lows, highs = (_end_of(drawn, tail) for tail in (blocks.tail, 1 - blocks.tail))
    three = zip(values, lows, highs, strict=True)
    return [Estimate(float(value), low, high, blocks.needed) for value, low, high in three]


def _end_of(drawn: Floats, tail: float) -> list[float]:
    """Return an end of each statistic's interval; infinity if that share of the resamples is infinite."""
    return [quantile_of(np.sort(row[~np.isnan(row)]), tail) for row in drawn]
