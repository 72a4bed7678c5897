"""Statistics, on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from hopcheck_load.measurement.workloads import WORKLOADS
from hopcheck_load.stats import warmup
from hopcheck_load.stats.blocks import MIN_BLOCKS, block_length
from hopcheck_load.stats.intervals import difference_of, label, median_of, quantiles, quantiles_of, rough_quantiles
from hopcheck_load.stats.sample_size import has_enough_values
from tools.coverage import correlated


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


def test_blocks_are_as_long_as_neighbours_are_alike():
    draw = np.random.default_rng(1)
    lengths = [block_length(correlated(draw, 1500, one)) for one in (0.0, 0.5, 0.9)]
    assert lengths == sorted(lengths)
    assert lengths[0] <= 3
    assert lengths[2] >= 35
    assert block_length(np.arange(100.0)) == 33
    assert block_length(np.zeros(100)) == 1
    assert block_length(np.arange(9.0)) == 1


def test_outliers_hide_no_correlation():
    values = correlated(np.random.default_rng(1), 1500, 0.9)
    spiked = np.where(np.arange(1500) % 97 == 0, 1e6, values)
    assert block_length(spiked) >= 0.5 * block_length(values)


def test_neighbours_that_are_alike_make_intervals_wider():
    draw = np.random.default_rng(2)
    remembering = correlated(draw, 1500, 0.7)
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
    assert median_of(np.array([1.0]), 1) == (1.0, None, None, MIN_BLOCKS, None)
    draw = np.random.default_rng(7)
    assert median_of(draw.normal(size=9), 1).low is None
    assert median_of(draw.normal(size=10), 1).low is not None
    rising = median_of(np.arange(300.0), 1)
    assert (rising.low, rising.needed) == (None, 1_000)


def test_failures_are_infinitely_late():
    values = np.array([1.0] * 990 + [np.inf] * 1_010)
    assert quantiles(values)["p50"] == np.inf
    assert quantiles(values[:1_700])["p50"] == 1.0
    assert quantiles(values[:1_700])["p90"] == np.inf
    assert rough_quantiles(values[:150]) == {"p90": 1.0}


def test_warm_up_sees_a_trend_and_its_end():
    draw = np.random.default_rng(6)
    flat = [int(value) for value in draw.normal(1000, 50, 30)]
    falling = [3000 - 60 * at + value // 20 for at, value in enumerate(flat)]
    assert warmup.is_steady({"a": flat}, 30) is True
    assert warmup.is_steady({"a": flat, "b": falling}, 30) is False
    assert warmup.is_steady({"a": falling + flat}, 30) is True
    assert warmup.is_steady({"a": flat[:4]}, 4) is None
    assert warmup.is_steady({}, 30) is None


def test_five_rounds_against_five_are_no_test_for_three_arms():
    falling = list(range(10_000, 0, -1_000))
    assert warmup.is_steady(dict.fromkeys("abc", falling), 10) is None
    assert warmup.is_steady({"a": falling}, 10) is False


@pytest.mark.parametrize("arms", [3, 4, 10])
def test_warm_up_tests_can_fail(arms):
    """Except where the rounds are so few that none is tried: the report says that, then."""
    for workload in WORKLOADS.values():
        rounds = warmup.min_rounds_of(workload)
        falling = list(range(rounds * 1_000, 0, -1_000))
        assert warmup.is_steady(dict.fromkeys(map(str, range(arms)), falling), rounds) is (
            None if workload.pace_s else False
        )
