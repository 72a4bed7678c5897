"""A run keeps below a target's own rate limit once it has met it."""

from __future__ import annotations

from collections import deque

import pytest

from hopcheck.client.pace import FIRST_PAUSE_S, MAX_PAUSE_S, SHARE, Pace


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def drive(pace: Pace, clock: Clock, limit: int, window_s: float, requests: int) -> tuple[int, float]:
    """Send requests one after another to a sliding-window limiter; returns refusals and the time that it took."""
    passed: deque[float] = deque()
    begun, refused, done = clock.now, 0, 0
    while done < requests:
        while wait_s := pace.reserve():
            clock.now += wait_s
        while passed and passed[0] <= clock.now - window_s:
            passed.popleft()
        if len(passed) < limit:
            passed.append(clock.now)
            done += 1
            pace.passed()
            clock.now += 0.002
        else:
            refused += 1
            pace.refused(None)
    return refused, clock.now - begun


def test_nothing_is_held_back_while_nothing_is_refused() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(500):
        assert pace.reserve() == 0.0
        pace.passed()
    assert (pace.rate, pace.note()) == (None, "")


@pytest.mark.parametrize(("limit", "window_s"), [(20, 1.0), (5, 1.0), (50, 1.0)])
def test_a_limit_by_the_second_costs_at_most_half_as_much_again(limit: int, window_s: float) -> None:
    clock = Clock()
    pace = Pace(clock)
    refused, took_s = drive(pace, clock, limit, window_s, 1000)
    assert took_s <= 1.5 * 1000 / (limit / window_s) + 30
    assert refused <= 20


def test_a_limit_by_the_minute_is_found() -> None:
    clock = Clock()
    pace = Pace(clock)
    refused, took_s = drive(pace, clock, 60, 60.0, 200)
    assert refused <= 30
    assert took_s <= 600


def test_retry_after_is_waited_for() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.reserve()
    pace.refused(7.0)
    assert pace.reserve() == pytest.approx(7.0)
    clock.now += 7.0
    pace.reserve()
    pace.refused(10 * MAX_PAUSE_S)
    assert pace.reserve() == pytest.approx(MAX_PAUSE_S)


def test_requests_refused_together_pause_once() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(8):
        pace.reserve()
    for _ in range(8):
        pace.refused()
    assert pace.refusals == 8
    assert pace.reserve() == pytest.approx(FIRST_PAUSE_S)


def test_the_pace_is_what_passed_between_two_rests() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(20):
        pace.passed()
    pace.refused(2.0)
    clock.now += 2.0
    assert pace.reserve() == 0.0
    pace.passed()
    assert pace.rate == pytest.approx(SHARE * 20 / 2.0)
    assert "it refused 1 requests, and was asked at most 8.5 times a second" in pace.note()
