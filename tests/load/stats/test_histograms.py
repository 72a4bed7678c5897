"""Histograms that are put together."""

from __future__ import annotations

import numpy as np
import pytest

from hopcheck_load.stats.histograms import HIGHEST_NS, Histograms, encoded, table_lines


def workers(count):
    draw = np.random.default_rng(1)
    return [[int(value) for value in draw.exponential(2e6, 2_000) + 1_000] for _ in range(count)]


def test_workers_put_together_are_as_one():
    parts, whole, merged = workers(3), Histograms(), Histograms()
    for part in parts:
        whole.record("chat", part)
        one = Histograms()
        one.record("chat", part)
        merged.add(one.encode())
    assert merged.encode() == whole.encode()
    assert merged.count("chat") == 6_000


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.99, 0.999])
def test_quantiles_are_exact_to_three_digits(quantile):
    (values,) = workers(1)
    kept = Histograms()
    kept.record("chat", values)
    estimate = kept.quantile_ms("chat", quantile)
    exact = np.quantile(values, quantile, method="inverted_cdf") / 1e6
    assert estimate == pytest.approx(exact, rel=2e-3)


def test_what_lies_outside_counts_as_the_border():
    kept = Histograms()
    kept.record("chat", [-5, 2 * HIGHEST_NS])
    assert kept.count("chat") == 2
    assert kept.quantile_ms("chat", 1.0) == pytest.approx(HIGHEST_NS / 1e6, rel=2e-3)


def test_names_are_kept_apart():
    kept = Histograms()
    kept.record("b", [1_000])
    kept.record("a", [1_000, 2_000])
    assert kept.names() == ["a", "b"]
    assert [kept.count(name) for name in ("a", "b", "c")] == [2, 1, 0]
    kept.add({"c": encoded([5_000]), "d": encoded([])})
    assert [kept.count(name) for name in ("a", "b", "c", "d")] == [2, 1, 1, 0]


def test_a_table_shows_quantiles_with_enough_values():
    kept = Histograms()
    kept.record("chat", workers(1)[0])
    head, row = (line.split() for line in table_lines(kept))
    assert head == ["milliseconds", "count", "p50", "p90", "p99", "p99.9", "max"]
    assert row[:2] == ["chat", "2000"]
    assert float(row[2]) < float(row[3]) < float(row[6])
    assert row[4:6] == ["—", "—"]
