"""A run keeps below a target's own rate limit once it has met it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hopcheck.client.pacing.pace import (
    FEW,
    FEW_WAIT_S,
    FIRST_PAUSE_S,
    LONG_WAIT_S,
    MAX_PAUSE_S,
    SHARE,
    Pace,
)
from hopcheck.client.pacing.refusals import announced_wait_s, is_refusal
from hopcheck.client.responses import Response, SentRequest, Untestable


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


def response(status: int, *headers: tuple[str, str]) -> Response:
    sent = SentRequest("", "POST", "http://h/v1", (), b"", 0)
    return Response(sent, status, list(headers), head_at_ns=time.monotonic_ns())


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ([("Retry-After", "7")], 7.0),
        ([("Retry-After", " 1.5 ")], 1.5),
        ([("retry-after-ms", "250"), ("retry-after", "1")], 0.25),
        ([("RateLimit-Reset", "3")], 3.0),
        ([("Retry-After", "soon"), ("ratelimit-reset", "4")], 4.0),
        ([("Retry-After", "Thu, 01 Jan 1970 00:00:00 GMT")], 0.0),
        ([("Retry-After", "-1")], None),
        ([("Retry-After", "inf")], None),
        ([], None),
    ],
)
def test_the_wait_is_read_in_every_form(headers, wait_s) -> None:
    assert announced_wait_s(response(429, *headers)) == wait_s


def test_a_date_is_a_wait_from_now() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=3600)
    wait_s = announced_wait_s(response(429, ("Retry-After", format_datetime(moment, usegmt=True))))
    assert wait_s is not None
    assert 3000 < wait_s <= 3600


def test_what_a_rate_limit_answers() -> None:
    assert is_refusal(response(429))
    assert is_refusal(response(503, ("retry-AFTER", "1")))
    assert not is_refusal(response(503))
    assert not is_refusal(response(200, ("Retry-After", "1")))


@pytest.mark.parametrize(("passed", "bound_s"), [(FEW - 1, FEW_WAIT_S), (FEW, LONG_WAIT_S)])
def test_a_target_that_lets_nothing_through_is_given_up(passed: int, bound_s: float) -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(passed):
        pace.passed()
    pace.refused()
    clock.now += bound_s
    pace.reserve()
    pace.refused()
    pace.require_hope()
    clock.now += 1
    with pytest.raises(Untestable, match="lets no request through"):
        pace.require_hope()
    pace.passed()
    pace.require_hope()


def test_a_wait_of_an_hour_is_not_begun() -> None:
    pace = Pace(Clock())
    pace.refused(3600.0)
    assert pace.gave_up


def test_a_burst_goes_together_if_the_target_takes_it() -> None:
    async def main() -> None:
        pace = Pace()
        assert await pace.admit_together(1000)
        pace.rate = 1000.0
        assert await pace.admit_together(10)
        assert pace.reserve() > 0  # others are held back
        assert pace.waited_s == pytest.approx(0.01)
        assert not await pace.admit_together(1001)

    asyncio.run(main())
