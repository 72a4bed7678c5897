"""How often intervals hold the truth: simulations, seeded and short. Longer ones: `python -m tools.coverage`."""

from __future__ import annotations

import pytest

from hopcheck_load.stats import blocks
from tools import coverage
from tools.coverage import AtRest, RisingRates, UnderLoad


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


@pytest.mark.parametrize(
    ("fluctuation_s", "duration_s", "rate"), [(0.0, 15.0, 10.0), (0.0, 30.0, 100.0), (0.5, 30.0, 10.0)]
)
def test_load_that_fluctuates_little(fluctuation_s, duration_s, rate):
    found = coverage.simulate(UnderLoad(duration_s, fluctuation_s, rate=rate, direct_rate=min(rate, 25.0)), 50, seed=1)
    assert found.coverage >= 0.88
    assert found.shown >= 0.5


@pytest.mark.parametrize("fluctuation_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("duration_s", "rate"), [(7.0, 30.0), (11.0, 10.0), (20.0, 3.0), (30.0, 100.0)])
def test_load_that_fluctuates_slowly(fluctuation_s, duration_s, rate):
    """Where the run was too short, or too few requests came, to know that it fluctuates, hardly a run misleads."""
    found = coverage.simulate(UnderLoad(duration_s, fluctuation_s, rate=rate, direct_rate=min(rate, 25.0)), 50, seed=1)
    assert found.wrong <= 0.12


@pytest.mark.parametrize("bends_at", [None, 0.75])
@pytest.mark.parametrize(("fluctuation_s", "rate"), [(0.0, 20.0), (0.5, 100.0)])
def test_knees(bends_at, fluctuation_s, rate):
    """At the lowest rate some 14 requests arrive, and what a hop adds goes up and down by a half."""
    found = coverage.simulate_knees(RisingRates(7.0, fluctuation_s, bends_at, rate=rate), 12, seed=1)
    assert found.wrong == 0.0
    assert found.right >= 0.8
