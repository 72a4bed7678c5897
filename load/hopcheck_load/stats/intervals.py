"""Medians and quantiles with intervals that account for drift and for the correlation of neighbours in time.

Consecutive rounds are alike, so the bootstrap draws blocks of them, not single ones. numpy and scipy do the maths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hopcheck_load.stats.sample_size import has_enough_values

Floats = NDArray[np.float64]
"""Values, one for each round; or a table of rounds and events."""

Rows = NDArray[np.intp]

CONFIDENCE = 0.95
RESAMPLES = 2_000
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999)
"""The quantiles of every table."""

MIN_BLOCKS = 10
"""Intervals from fewer blocks would be too narrow."""

_BATCH_VALUES = 4_000_000  # how many values are drawn in one go


class Estimate(NamedTuple):
    """A value and its interval, whose ends are None where there are too few values for one."""

    value: float
    low: float | None
    high: float | None

    def document(self) -> dict[str, float | None]:
        """Return it as JSON, for the report."""
        return {"value": rounded(self.value), "low": rounded(self.low), "high": rounded(self.high)}


def rounded(value: float | None) -> float | None:
    """Round milliseconds to the hundredth of a microsecond: more digits would mean nothing."""
    return None if value is None or not np.isfinite(value) else round(float(value), 5)


def label(quantile: float) -> str:
    """Return the name of a quantile: `p50`, `p99.9`."""
    return f"p{100 * quantile:g}"


def quantiles(values: Floats, wanted: Sequence[float] = QUANTILES) -> dict[str, float | None]:
    """Return quantiles by name; None for those that need more values."""
    flat = values.ravel()
    enough = {one: has_enough_values(flat.size, one) for one in wanted}
    return {label(one): rounded(float(np.quantile(flat, one))) if enough[one] else None for one in wanted}


def block_length(count: int) -> int:
    """Return how many rounds form a block: the cube root of their number, rounded up, if ten blocks are left."""
    return max(1, min(int(np.ceil(round(count ** (1 / 3), 6))), count // MIN_BLOCKS))


def quantiles_of(values: Floats, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """Return quantiles with intervals; the values are one or a row of several for each round."""
    return _estimates(lambda rows: _quantiles(values[rows], wanted), values.shape, seed)


def difference_of(first: Floats, second: Floats, wanted: Sequence[float], seed: int) -> list[Estimate]:
    """Return the quantiles of the first minus those of the second, measured in the same rounds, with intervals."""

    def statistic(rows: Rows) -> Floats:
        return _quantiles(first[rows], wanted) - _quantiles(second[rows], wanted)

    return _estimates(statistic, first.shape, seed)


def median_of(values: Floats, seed: int) -> Estimate:
    """Return the median with its interval."""
    return quantiles_of(values, (0.5,), seed)[0]


def _quantiles(values: Floats, wanted: Sequence[float]) -> Floats:
    """Return quantiles by (quantile, resample) of values by (resample, round) or (resample, round, event)."""
    found: Floats = np.quantile(values.reshape(values.shape[0], -1), wanted, axis=-1)
    return found


def _estimates(statistic: Callable[[Rows], Floats], shape: tuple[int, ...], seed: int) -> list[Estimate]:
    count = shape[0]
    values = statistic(np.arange(count)[np.newaxis])[:, 0]
    size = block_length(count)
    blocks = count // size
    if blocks < 2:
        return [Estimate(float(value), None, None) for value in values]

    def of_blocks(drawn: NDArray[Any], axis: int = -1) -> Floats:
        rows = (np.atleast_2d(drawn)[..., np.newaxis] * size + np.arange(size)).reshape(-1, blocks * size)
        found = statistic(rows.astype(np.intp))
        return found if drawn.ndim > 1 else found[:, 0]

    from scipy import stats  # imported late, as in `warmup`

    interval = stats.bootstrap(
        (np.arange(blocks),),
        of_blocks,
        n_resamples=RESAMPLES,
        batch=max(1, _BATCH_VALUES // int(np.prod(shape))),
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    ends = np.asarray(interval.low), np.asarray(interval.high)
    return [Estimate(*map(float, three)) for three in zip(values, *ends, strict=True)]
