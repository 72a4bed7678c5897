"""A run keeps below a target's own rate limit once it has met it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from virtual_time import simulate

from hopcheck.client.pacing.pace import (
    FEW,
    FEW_WAIT_S,
    FIRST_PAUSE_S,
    LONG_WAIT_S,
    MAX_ANNOUNCED_S,
    Pace,
)
from hopcheck.client.pacing.rate_control import DECREASE, RateControl
from hopcheck.client.pacing.refusals import announced_wait_s, is_refusal
from hopcheck.client.responses import Response, SentRequest, Untestable


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_held_back_while_nothing_is_refused() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        pace, begun = Pace(clock), clock()
        for _ in range(500):
            pace.passed(await pace.admit())
        assert (clock(), pace.rate, pace.note()) == (begun, None, "")

    simulate(main)


def test_a_retry_after_is_waited_for_and_no_longer_than_a_minute() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        pace = Pace(clock)
        refused_at = clock()
        pace.refused(await pace.admit(), 7.0)
        trial = await pace.admit()
        assert trial == refused_at + 7.0
        pace.refused(trial, LONG_WAIT_S)
        assert await pace.admit() == trial + MAX_ANNOUNCED_S

    simulate(main)


def test_requests_refused_together_rest_once() -> None:
    async def main() -> None:
        pace = Pace(asyncio.get_running_loop().time)
        admitted = [await pace.admit() for _ in range(8)]
        for one in admitted:
            pace.refused(one)
        assert pace.refusals == 8
        assert await pace.admit() == admitted[0] + FIRST_PAUSE_S

    simulate(main)


def test_a_request_that_was_let_go_before_a_refusal_ends_no_rest() -> None:
    async def main() -> None:
        pace = Pace(asyncio.get_running_loop().time)
        slow, refused = await pace.admit(), await pace.admit()
        pace.refused(refused, 5.0)
        pace.passed(slow)
        assert await pace.admit() == refused + 5.0

    simulate(main)


def test_the_rate_begins_with_what_passed_until_a_rest_ended() -> None:
    async def main() -> None:
        pace = Pace(asyncio.get_running_loop().time)
        for _ in range(19):
            pace.passed(await pace.admit())
        pace.refused(await pace.admit(), 2.0)
        pace.passed(await pace.admit())
        assert pace.rate == 20 / 2.0
        assert pace.note() == (
            "the target limits its rate: it refused a request, and was asked at most 10 times a second at the end"
        )

    simulate(main)


def test_a_time_of_little_demand_shows_no_limit() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(300):
        pace.passed(clock.now)
    clock.now += 600
    pace.passed(clock.now)
    pace.refused(clock.now)
    clock.now += 5
    pace.passed(clock.now)
    assert pace.rate == 300 / 60


def test_the_rate_does_not_grow_while_less_passes() -> None:
    async def main() -> None:
        pace = Pace(asyncio.get_running_loop().time)
        for _ in range(19):
            pace.passed(await pace.admit())
        pace.refused(await pace.admit(), 1.0)
        pace.passed(await pace.admit())
        assert pace.rate == 20
        for _ in range(5):  # two at once, each half a second: four a second pass
            pair = [await pace.admit(), await pace.admit()]
            await asyncio.sleep(0.4)
            for one in pair:
                pace.passed(one)
        assert pace.rate == 20

    simulate(main)


def test_the_rate_falls_at_once_and_grows_slowly_then_faster() -> None:
    control = RateControl()
    control.increase()
    control.decrease()
    assert control.per_s is None
    control.estimate(10, 1.0)
    control.decrease()
    rates = [control.per_s]
    for _ in range(100):
        control.increase()
        rates.append(control.per_s)
    steps = [after - before for before, after in pairwise(rates)]
    assert rates[0] == 10 * DECREASE
    assert steps == sorted(steps)
    assert rates[10] < 8.1
    assert rates[100] > 12


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
        pace.passed(clock.now)
    pace.refused(clock.now)
    clock.now += bound_s
    pace.refused(clock.now)
    pace.require_hope()
    clock.now += 1
    with pytest.raises(Untestable, match="lets no request through"):
        pace.require_hope()
    pace.passed(clock.now)
    pace.require_hope()


def test_a_wait_of_an_hour_is_not_begun() -> None:
    pace = Pace(clock := Clock())
    pace.refused(clock.now, 3600.0)
    assert pace.gave_up


def test_a_burst_goes_together_if_the_target_takes_it() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        pace, begun = Pace(clock), clock()
        assert await pace.admit_together(1000) == begun
        for _ in range(9):
            pace.passed(await pace.admit())
        pace.refused(await pace.admit(), 1.0)
        pace.passed(await pace.admit())
        assert pace.rate == 10
        together = await pace.admit_together(5)
        assert together == pytest.approx(begun + 1.0 + 0.1 + 0.5)  # quiet before
        assert await pace.admit() == pytest.approx(together + 0.5)  # and after
        assert await pace.admit_together(11) is None

    simulate(main)
