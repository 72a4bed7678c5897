"""Blocks of neighbours in time for the bootstrap: how long they have to be, and which rows a resample holds.

Values that are near in time are alike. So whole blocks are drawn, and a block has to be long enough that the next one
is hardly like it. Its length is estimated from the data: by the flat-top spectral estimate of Politis and White (2004,
corrected by Patton, Politis and White 2009) for the circular bootstrap, and by the same formula for an autoregressive
process of first order. Short series hide their correlation from the former, long ones with slow fluctuations from the
latter, so the longer of the two counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

CONFIDENCE = 0.95
RESAMPLES = 2_000

MIN_BLOCKS = 10
"""With fewer blocks, there is no interval: it would be too narrow."""

MIN_VALUES_FOR_SPECTRUM = 100
"""With fewer values, the spectral estimate is mostly chance."""

MIN_SUMS = 16
"""With fewer sums of neighbours, their correlation is mostly chance."""

MAX_AUTOCORRELATION = 0.98

_NEGLIGIBLE_LAGS = 5  # as many in a row, and the ones beyond count as 0
_BATCH_VALUES = 4_000_000  # how many values are drawn in one go


class Blocks(NamedTuple):
    """How a series is cut.

    Attributes:
        size: The number of values.
        length: The number of values of a block.
    """

    size: int
    length: int

    @property
    def suffice(self) -> bool:
        """Whether they are enough for an interval."""
        return self.size >= self.needed

    @property
    def needed(self) -> int:
        """How many values an interval takes, if they are as much alike."""
        return MIN_BLOCKS * self.length

    @property
    def tail(self) -> float:
        """The share of resamples below an interval, and above it.

        With few blocks, resamples vary less than samples would, and Student's distribution is wider than the normal one
        (the expanded percentile interval: Hesterberg 2015, section 5.3). And blocks of the best length still lose the
        correlation across their borders, which is a known share of the variance.
        """
        from scipy.special import ndtr, stdtrit  # imported late: `--help` and usage errors don't need it

        blocks = self.size / self.length
        lost = np.sqrt(2 / (3 * blocks)) if self.length > 1 else 0.0  # `_length`, solved for the bias of the variance
        wider = np.sqrt(blocks / (blocks - 1) / (1 - lost))
        return float(ndtr(wider * stdtrit(blocks - 1, (1 - CONFIDENCE) / 2)))

    def resamples(self, seed: int, values_each: int = 1) -> Iterator[Rows]:
        """Return the rows of resamples, some resamples at a time: `(resample, row)`; the last block is cut short."""
        draw = np.random.default_rng(seed)
        some = max(1, _BATCH_VALUES // (self.size * values_each))
        for begin in range(0, RESAMPLES, some):
            shape = min(some, RESAMPLES - begin), -(-self.size // self.length), 1
            rows = (draw.integers(self.size, size=shape) + np.arange(self.length)) % self.size
            yield rows.reshape(shape[0], -1)[:, : self.size].astype(np.intp)


def blocks_of(series: Floats) -> Blocks:
    """Return the blocks for a series in the order of time."""
    return Blocks(series.size, block_length(series))


def block_length(series: Floats) -> int:
    """Return how many neighbours form a block. Only the order of the values counts, so outliers change nothing."""
    from scipy.stats import rankdata  # imported late, as above

    if series.size < MIN_BLOCKS:
        return 1
    ranks = rankdata(series) - (series.size + 1) / 2
    if not ranks.any():
        return 1
    lengths = [_autoregressive_length(ranks)]
    if series.size >= MIN_VALUES_FOR_SPECTRUM:
        lengths.append(_spectral_length(ranks))
    return max(1, round(min(max(lengths), series.size / 3)))


def block_length_over_scales(series: Floats) -> int:
    """Return how many neighbours form a block, judged also by sums of 2, 4, 8, … of them.

    Where a value is next to nothing but chance, it hides that it is like its neighbours; sums show that.
    """
    lengths, scale = [block_length(series)], 2
    while series.size // scale >= MIN_SUMS:
        sums = series[: series.size // scale * scale].reshape(-1, scale).sum(axis=1)
        lengths.append(scale * block_length(sums))
        scale *= 2
    return max(1, min(max(lengths), series.size // 3))


def _autoregressive_length(centred: Floats) -> float:
    count = centred.size
    measured = float(centred[1:] @ centred[:-1] / (centred @ centred))
    correlation = min(MAX_AUTOCORRELATION, measured + (1 + 4 * measured) / count)  # the estimate is too low by that
    if correlation < 1 / np.sqrt(count):
        return 1.0
    return _length(correlation / (1 - correlation) ** 2, (1 + correlation) / (1 - correlation), count)


def _spectral_length(centred: Floats) -> float:
    count = centred.size
    lags = int(np.ceil(np.sqrt(count))) + _NEGLIGIBLE_LAGS
    covariances = _covariances(centred, lags)
    last = min(2 * _last_correlated(covariances / covariances[0], count), lags)
    places = np.arange(1, last + 1)
    weighted = np.minimum(1.0, 2 * (1 - places / last)) * covariances[1 : last + 1]
    spectrum = float(covariances[0] + 2 * weighted.sum())
    longest = min(3 * np.sqrt(count), count / 3)
    return float(min(_length(float(places @ weighted), spectrum, count), longest)) if spectrum > 0 else longest


def _length(slope: float, spectrum: float, count: int) -> float:
    """Return the best length: `slope` is the sum of lag times covariance, `spectrum` the sum of all covariances."""
    return float((6 * (slope / spectrum) ** 2 * count) ** (1 / 3))


def _covariances(centred: Floats, lags: int) -> Floats:
    spectrum = np.fft.rfft(centred, 2 * centred.size)
    found: Floats = np.fft.irfft(np.abs(spectrum) ** 2)[: lags + 1] / centred.size
    return found


def _last_correlated(correlations: Floats, count: int) -> int:
    """Return the last lag before several in a row whose correlation may be chance; at least 1."""
    notable = np.abs(correlations[1:]) >= 2 * np.sqrt(np.log10(count) / count)
    quiet = np.convolve(notable, np.ones(_NEGLIGIBLE_LAGS), "valid") == 0
    return max(1, int(np.argmax(quiet)) if quiet.any() else int(np.flatnonzero(notable)[-1]) + 1)
