"""Intervals of what is drawn by slices of time."""

from __future__ import annotations

import numpy as np

from hopcheck_load.stats import slices
from hopcheck_load.stats.slices import Sliced

SLICES = 120


def values_of(draw, added, count=800):
    return Sliced(draw.normal(5.0 + added, 0.3, count), np.sort(draw.integers(0, SLICES, count)))


def test_intervals_hold_the_truth(some_draws):
    draw = np.random.default_rng(3)
    found = [
        slices.difference_of(values_of(draw, 1.0), values_of(draw, 0.0), SLICES, (0.5,), at)[0] for at in range(25)
    ]
    known = [one for one in found if one.low is not None]
    assert len(known) >= 22
    assert sum(one.low <= 1.0 <= one.high for one in known) >= 19


def test_a_hop_that_fails_for_the_most_part_is_infinitely_late():
    draw = np.random.default_rng(3)
    hop, direct = values_of(draw, 1.0), values_of(draw, 0.0)
    failing = Sliced(np.where(draw.random(800) < 0.6, np.inf, hop.values), hop.places)
    (middle, low) = slices.difference_of(failing, direct, SLICES, (0.5, 0.1), 1)
    assert (middle.value, middle.high) == (np.inf, np.inf)
    assert low.value < low.high < np.inf


def test_slices_that_differ_make_intervals_wider():
    draw = np.random.default_rng(4)
    calm, other = values_of(draw, 0.0), values_of(draw, 0.0)
    queueing = Sliced(other.values + draw.normal(0, 1.0, SLICES)[other.places], other.places)
    widths = [one.high - one.low for one in (_median(other, calm), _median(queueing, calm))]
    assert widths[1] > 3 * widths[0]


def _median(first, second):
    return slices.difference_of(first, second, SLICES, (0.5,), 1)[0]


def test_too_few_slices_have_no_interval():
    few = Sliced(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]))
    assert slices.difference_of(few, few, SLICES, (0.5,), 1) == [(0.0, None, None, 2_400, None)]


def test_binned_intervals_also_know_values_below_nothing():
    draw = np.random.default_rng(5)
    below = Sliced(draw.normal(-1.0, 0.1, 2_000), np.sort(draw.integers(0, SLICES, 2_000)))
    above = Sliced(draw.normal(1.0, 0.1, 2_000), below.places)
    (one,) = slices.difference_of(below, above, SLICES, (0.5,), 1)
    assert one.low < -2.0 < one.high
    assert one.high - one.low < 0.1


def test_intervals_of_small_differences_between_large_values():
    """A stream of 2.5 s that becomes 0.3 ms longer: a thousandth of the value would hide it."""
    draw = np.random.default_rng(6)
    places = np.sort(draw.integers(0, SLICES, 800))
    direct, hop = (Sliced(2_450.0 + added + draw.exponential(0.2, 800), places) for added in (0.0, 0.3))
    (one,) = slices.difference_of(hop, direct, SLICES, (0.5,), 1)
    assert one.low < one.value < one.high
    assert one.low < 0.3 < one.high
    assert one.high - one.low < 0.1


def test_few_values_have_a_rough_interval_at_best():
    draw = np.random.default_rng(7)
    hop, direct = values_of(draw, 1.0, 50), values_of(draw, 0.0)
    (one,) = slices.difference_of(hop, direct, SLICES, (0.5,), 1, slice_s=0.1)
    assert (one.low, one.high, one.needed) == (None, None, 144)
    assert one.rough[0] < one.value < one.rough[1]


def test_a_short_run_has_a_rough_interval_at_best():
    draw = np.random.default_rng(8)
    (short,) = slices.difference_of(values_of(draw, 1.0), values_of(draw, 0.0), SLICES, (0.5,), 1, slice_s=0.05)
    assert short.low is None
    assert short.rough[0] < short.value < short.rough[1]
    assert short.needed == 200
