"""What makes a stage invalid, where the knee is, and when a hop has recovered."""

from __future__ import annotations

import pytest

from hopcheck_load.stats.guards import late_generator, overload, saturated_upstream
from hopcheck_load.stats.saturation import RateStep, saturation_point
from hopcheck_load.stats.time_course import recovery


@pytest.mark.parametrize(
    ("late_ms", "quantile_ms", "valid"),
    [
        (0.99, 0.3, True),
        (1.01, 0.3, False),
        (1.9, 20.0, True),
        (2.1, 20.0, False),
        (None, 0.3, True),
        (50.0, None, True),
    ],
)
def test_a_late_generator(late_ms, quantile_ms, valid):
    assert (late_generator(late_ms, quantile_ms) == "") is valid


def test_an_upstream_that_is_full():
    rest = {"p50": 0.2, "p90": 0.4, "p99": 1.0}
    assert saturated_upstream({"p50": 0.3, "p90": 0.9, "p99": 1.9}, rest) == ""
    assert "p99 rose from 1.00 to 2.10 ms" in saturated_upstream({"p50": 0.2, "p90": 0.4, "p99": 2.1}, rest)
    assert "p50 rose" in saturated_upstream({"p50": 0.5, "p90": None, "p99": None}, rest)
    assert saturated_upstream({"p50": None}, rest) == ""


def test_overload():
    assert overload(100, 95) == ""
    assert overload(0, 0) == ""
    assert overload(100, 94) == "only 94% of the requests were answered well"


def step(rate, added_ms, *, off_ms=0.05, keeps_up=True):
    return RateStep(rate, added_ms, keeps_up, added_ms - off_ms, added_ms + off_ms)


def steps(*added, keeps_up=True):
    return [step(100.0 * number, one, keeps_up=keeps_up) for number, one in enumerate(added, 1)]


def test_the_knee_is_before_the_first_bend():
    assert saturation_point(steps(2.0, 2.5, 3.0, 5.0, 30.0)) == ("found", 300.0, 400.0, 500.0, 5)
    assert saturation_point(steps(2.0, 2.5, 3.0)) == ("none", None, None, 300.0, 3)
    assert saturation_point(reversed(steps(2.0, 2.5, 30.0))).rate == 200.0


def test_a_hop_that_adds_next_to_nothing_has_not_bent():
    assert saturation_point(steps(0.1, 0.2, 0.9)).outcome == "none"
    assert saturation_point(steps(0.1, 0.2, 1.3)).rate == 200.0


def test_a_bend_within_the_noise_is_none():
    noisy = [*steps(2.0, 2.0), step(300.0, 5.0, off_ms=1.5), *steps(2.0, 2.0, 2.0, 2.0)[3:]]
    assert saturation_point(noisy).outcome == "none"
    assert saturation_point([*steps(2.0, 2.0), step(300.0, 5.0, off_ms=0.5)]).rate == 200.0
    assert saturation_point([*steps(2.0, 2.0), RateStep(300.0, 5.0, True)]).rate == 200.0  # too slow for an interval


def test_a_lowest_rate_that_is_hardly_known_is_not_compared_with():
    """With a few requests a second it seems to add less than nothing."""
    first, *rest = steps(-1.8, 3.0, 3.1, 3.2)
    unknown = step(first.rate, -1.8, off_ms=20.0)
    assert saturation_point([unknown, *rest]) == ("none", None, None, 400.0, 3)
    assert saturation_point([RateStep(100.0, -1.8, True), *rest]).outcome == "none"
    assert saturation_point([unknown, *rest[:2], step(400.0, 90.0)]) == ("found", 300.0, 400.0, 400.0, 3)
    assert saturation_point([unknown, *rest[:2]]) == ("unknown", None, None, 300.0, 2)


def test_a_hop_that_does_not_keep_up_has_bent():
    assert saturation_point([*steps(2.0, 2.0), RateStep(300.0, 2.0, False)]).rate == 200.0
    assert saturation_point([*steps(2.0, 2.0), RateStep(300.0, float("inf"), True)]).rate == 200.0


def test_a_hop_that_fails_everywhere_is_saturated_at_the_lowest():
    assert saturation_point(steps(2.0, 2.0, 2.0, keeps_up=False)) == ("lowest", None, 100.0, 300.0, 0)
    assert saturation_point(steps(float("inf"), keeps_up=False)).outcome == "lowest"


def test_too_few_rates_show_no_knee():
    assert saturation_point([]) == ("unknown", None, None, None, 0)
    assert saturation_point(steps(2.0, 2.0)).outcome == "unknown"
    assert saturation_point(steps(2.0, 30.0)).outcome == "unknown"


def slices(*p50):
    return [{"at_s": 0.25 * place, "n": 5, "failed": 0, "p50": one, "p90": one} for place, one in enumerate(p50)]


def test_recovery_holds_for_a_while():
    calm, spike = [5.0] * 8, [80.0] * 4
    assert recovery(slices(*calm, *spike, 60.0, 40.0, 6.0, 5.0, 5.0), (0.0, 2.0), 3.0) == 0.5
    assert recovery(slices(*calm, *spike, 6.0, 40.0, 6.0, 5.0, 5.0), (0.0, 2.0), 3.0) == 0.5
    assert recovery(slices(*calm, *spike, 6.0, 6.0, 6.0), (0.0, 2.0), 3.0) == 0.0
    assert recovery(slices(*calm, *spike, 60.0, 60.0, 60.0), (0.0, 2.0), 3.0) is None
    assert recovery(slices(*spike), (5.0, 6.0), 0.5) is None
