"""How often intervals hold the truth: simulations, seeded and short. Longer ones: `python -m tools.coverage`."""

from __future__ import annotations

import pytest

from hopcheck_load.stats import blocks
from tools import coverage
from tools.coverage import AtRest, UnderLoad


@pytest.fixture(autouse=True)
def fewer_draws(monkeypatch):
    monkeypatch.setattr(blocks, "RESAMPLES", 200)


@pytest.mark.parametrize(("rounds", "runs"), [(20, 250), (60, 150), (300, 100)])
def test_independent_rounds(rounds, runs):
    found = coverage.simulate(AtRest(rounds, correlation=0.0), runs, seed=1)
    assert found.coverage >= 0.92
    assert found.shown >= 0.8


@pytest.mark.parametrize(("rounds", "runs"), [(400, 100), (1500, 50)])
def test_rounds_that_are_much_alike(rounds, runs):
    found = coverage.simulate(AtRest(rounds, correlation=0.9), runs, seed=1)
    assert found.coverage >= 0.88
    assert found.shown >= 0.6


@pytest.mark.parametrize("rounds", [20, 40, 100])
def test_too_few_rounds_that_are_much_alike_have_no_interval(rounds):
    found = coverage.simulate(AtRest(rounds, correlation=0.9), 100, seed=1)
    assert found.wrong <= 0.1
    assert found.shown <= 0.1


@pytest.mark.parametrize(("fluctuation_s", "duration_s"), [(0.0, 30.0), (0.5, 30.0), (1.0, 60.0)])
def test_load_that_fluctuates(fluctuation_s, duration_s):
    found = coverage.simulate(UnderLoad(duration_s, fluctuation_s), 50, seed=1)
    assert found.coverage >= 0.88
    assert found.shown >= 0.5


def test_slow_fluctuations_have_no_interval_after_a_short_run():
    found = coverage.simulate(UnderLoad(30.0, 2.0), 50, seed=1)
    assert found.wrong <= 0.1
    assert found.shown <= 0.1
