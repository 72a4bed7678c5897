"""`hopcheck soak`: what counts as growth and as an error, and a short one on the reference proxy."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from hopcheck.soak.requests import KINDS
from hopcheck.soak.run import SoakReport
from hopcheck.soak.samples import Sample, slope_per_hour


def report(*, growth_mb_h: float = 0.0, minutes: int = 30, left_open: int = 0, **ended: int) -> SoakReport:
    samples = [Sample(60.0 * at, 50 + growth_mb_h * at / 60, 10) for at in range(minutes)]
    after = Sample(60.0 * minutes, samples[-1].memory_mb, 10 + left_open)
    return SoakReport(300.0, Counter({("response", how): number for how, number in ended.items()}), [*samples, after])


def test_the_slope_is_that_of_the_line() -> None:
    assert slope_per_hour([(0.0, 1.0), (1800.0, 2.0), (3600.0, 3.0)]) == pytest.approx(2.0)
    assert slope_per_hour([(0.0, 1.0)]) == slope_per_hour([]) == slope_per_hour([(5.0, 1.0), (5.0, 9.0)]) == 0.0


def test_growth_counts_after_the_warm_up() -> None:
    assert report().complaints() == []
    (complaint,) = report(growth_mb_h=1.5).complaints()
    assert "grows by 1.5 MB an hour" in complaint
    early = report()
    early.samples[0] = Sample(0.0, 10.0, 10)
    assert early.complaints() == []


def test_a_short_run_says_nothing_about_growth() -> None:
    short = report(growth_mb_h=100, minutes=10)
    assert not short.measures_slope
    assert short.complaints() == []


def test_descriptors_that_stay_open() -> None:
    assert report(left_open=16).complaints() == []
    assert report(left_open=17).complaints() == ["17 descriptors more than before were open after the traffic"]


def test_other_endings_than_those_of_the_kind() -> None:
    strange = report(**{"200": 5, "502": 2})
    assert strange.unexplained == [("response", "502", 2)]
    assert strange.complaints() == ["2 x response ended otherwise: 502"]


@pytest.mark.commands
def test_a_short_soak_of_the_reference() -> None:
    command = [sys.executable, "-m", "hopcheck", "soak", "--minutes", "0.05", "--rate", "20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[: len(KINDS)]] == [kind.name for kind in KINDS]
    assert "too short for a statement about growth" in done.stdout
