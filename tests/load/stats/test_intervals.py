"""Statistics, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from hopcheck_load.stats import warmup
from hopcheck_load.stats.intervals import block_length, difference_of, label, median_of, quantiles, quantiles_of
from hopcheck_load.stats.sample_size import has_enough_values


def drifting(draw: np.random.Generator, count: int, memory: float) -> np.ndarray:
    """Values each of which remembers the one before."""
    values, shocks = np.zeros(count), draw.normal(0, 1, count)
    for at in range(1, count):
        values[at] = memory * values[at - 1] + shocks[at]
    return values


@pytest.mark.parametrize(
    ("count", "quantile", "known"),
    [
        (1, 0.5, True),
        (0, 0.5, False),
        (999, 0.9, False),
        (1000, 0.9, True),
        (1999, 0.95, False),
        (2000, 0.95, True),
        (9_999, 0.99, False),
        (10_000, 0.99, True),
        (100_000, 0.999, True),
    ],
)
def test_a_hundred_values_lie_beyond(count, quantile, known):
    assert has_enough_values(count, quantile) is known


def test_quantiles_of_too_few_values_are_unknown():
    found = quantiles(np.arange(1000.0))
    assert found["p50"] == 499.5
    assert found["p90"] == pytest.approx(899.1)
    assert [found[name] for name in ("p95", "p99", "p99.9")] == [None, None, None]


def test_labels():
    assert [label(one) for one in (0.5, 0.95, 0.999)] == ["p50", "p95", "p99.9"]


def test_blocks_are_the_cube_root_and_not_too_few():
    assert [block_length(count) for count in (1, 8, 27, 64, 1000, 1500)] == [1, 1, 2, 4, 10, 12]


def test_intervals_hold_the_truth_as_often_as_they_say(some_draws):
    draw = np.random.default_rng(1)
    held = 0
    for at in range(100):
        estimate = median_of(draw.normal(3.0, 1.0, 300), seed=at)
        held += estimate.low <= 3.0 <= estimate.high
    assert 88 <= held <= 100


def test_neighbours_that_are_alike_make_intervals_wider():
    draw = np.random.default_rng(2)
    remembering = drifting(draw, 1500, 0.7)
    shuffled = draw.permutation(remembering)
    widths = [one.high - one.low for one in (median_of(remembering, 1), median_of(shuffled, 1))]
    assert widths[0] > 1.4 * widths[1]


def test_the_same_seed_says_the_same():
    values = np.random.default_rng(3).normal(0, 1, 200)
    assert median_of(values, 7) == median_of(values, 7)
    assert median_of(values, 7) != median_of(values, 8)


def test_difference_of_quantiles_and_quantile_of_differences():
    draw = np.random.default_rng(4)
    slow, fast = draw.exponential(1, 2000) + 1, draw.exponential(1, 2000)
    of_quantiles = difference_of(slow, fast, (0.9,), 1)[0]
    of_differences = quantiles_of(slow - fast, (0.9,), 1)[0]
    assert of_quantiles.low <= 1.0 <= of_quantiles.high
    assert of_differences.low > of_quantiles.high


def test_events_are_drawn_with_their_round(some_draws):
    draw = np.random.default_rng(5)
    by_round = draw.normal(0, 1, (200, 1)) + draw.normal(0, 0.01, (200, 50))
    together = median_of(by_round, 1)
    single = median_of(by_round.ravel(), 1)
    assert together.high - together.low > 0.1
    assert together.value == single.value


def test_too_few_rounds_have_no_interval():
    assert median_of(np.array([1.0]), 1) == (1.0, None, None)


def test_warm_up_sees_a_trend_and_its_end():
    draw = np.random.default_rng(6)
    flat = [int(value) for value in draw.normal(1000, 50, 30)]
    falling = [3000 - 60 * at + value // 20 for at, value in enumerate(flat)]
    assert warmup.is_steady({"a": flat}, 30) is True
    assert warmup.is_steady({"a": flat, "b": falling}, 30) is False
    assert warmup.is_steady({"a": falling + flat}, 30) is True
    assert warmup.is_steady({"a": flat[:4]}, 4) is None
    assert warmup.is_steady({}, 30) is None
