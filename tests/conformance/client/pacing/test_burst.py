"""One burst over a rate limit, shared by the cases of a run."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from email.utils import formatdate
from typing import Any, ClassVar

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect
from hopcheck.client.pacing.burst import Burst, _announced_wait_s, _within_one, burst_over
from hopcheck.client.responses import Response, SentRequest
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Outcome
from hopcheck.selftest.relay_host import RelayHost


class CountsBursts(Relay):
    """Healthy; remembers the requests to the limited model, by key."""

    keys: ClassVar[list[str]] = []

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.model == "limited-model":
            self.keys.append(incoming.key)
        return await super().limit(incoming)


async def reads(target: Target) -> Findings:
    """It reads the burst."""
    burst = await target.burst()
    yield expect("admitted", len(burst.admitted), equals=3)
    yield expect("denied", len(burst.denied), equals=2)
    reached = [burst.reached[answer.marker] for answer in burst.responses]
    yield expect("reached the upstream", sorted(reached), equals=[0, 0, 1, 1, 1])
    yield expect("another key", burst.other_key.status, equals=200)
    yield expect("its own answers", len(target.responses), at_least=5)


@pytest.fixture
def readers(case):
    return [case(f"rate_limit.{name}", level="MUST", refs=["a"], needs=["rate_limit"])(reads) for name in "abc"]


def test_several_cases_share_one_burst(readers, bench, monkeypatch) -> None:
    bursts = []

    def counted(*of: Any) -> Coroutine[Any, Any, Burst]:
        bursts.append(of)
        return burst_over(*of)

    monkeypatch.setattr("hopcheck.client.target.burst_over", counted)
    CountsBursts.keys.clear()
    verdicts = bench.judge(readers, CountsBursts)
    assert {one.outcome for one in verdicts.values()} == {Outcome.CONFORMS}
    assert len(bursts) == 1
    tries = len(CountsBursts.keys) // 6  # a burst that a busy machine draws out beyond its window is sent again
    assert sorted(CountsBursts.keys) == ["hopcheck-client-key"] * 5 * tries + ["hopcheck-second-client-key"] * tries
    assert sum(len(one.notes) for one in verdicts.values()) == tries - 1


def test_a_window_that_is_used_up_is_waited_for_and_noted(readers, bench) -> None:
    async def main():
        async with RelayHost({"relay": Relay}, readers) as made:
            setting = made.context("relay")
            earlier = setting.target(readers[0])
            assert [(await earlier.chat.create(model="limited-model")).status for _ in range(4)] == [200] * 3 + [429]
            return [one async for one in run(readers[:1], setting)]

    (verdict,) = bench.alone(main)
    assert verdict.outcome is Outcome.CONFORMS
    assert len(verdict.notes) == 1
    assert "for a fresh window of the rate limit" in verdict.notes[0]


def test_a_window_that_the_run_before_has_used_is_waited_for(readers, bench) -> None:
    async def main():
        async with RelayHost({"relay": Relay}, readers) as made:
            setting = made.context("relay")
            assert (await setting.target(readers[0]).chat.create(model="limited-model")).status == 200
            return [one async for one in run(readers[:1], setting)]

    (verdict,) = bench.alone(main)
    assert verdict.outcome is Outcome.CONFORMS
    assert len(verdict.notes) == 1
    assert "for a fresh window of the rate limit" in verdict.notes[0]


class SaysNothingIsLeft(Relay):
    """What is left of a limit is zero from the first response on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        limited = response.header("x-ratelimit-limit-requests") is not None
        return response.with_header("x-ratelimit-remaining-requests", "0") if limited else response


def test_a_gateway_that_always_says_so_is_judged(readers, bench) -> None:
    verdict = bench.judge(readers[:1], SaysNothingIsLeft)["rate_limit.a"]
    assert verdict.outcome is Outcome.CONFORMS
    assert len(verdict.notes) == 1


class AlwaysUsedUp(Relay):
    """The limit never recovers."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        wait = (("Retry-After", "0"),)
        return self.limited(incoming, wait) if incoming.model == "limited-model" else None


def test_a_window_that_is_never_free_is_untestable(readers, bench) -> None:
    verdict = bench.judge(readers[:1], AlwaysUsedUp)["rate_limit.a"]
    assert verdict.outcome is Outcome.UNTESTABLE
    assert "no window of limited-model was free" in verdict.reason


@pytest.mark.parametrize(
    ("window_s", "opened_at_s", "took_s", "within"),
    [
        (60.0, 120.0, 5.0, True),
        (60.0, 118.0, 5.0, False),  # the minute turned
        (1.0, 118.9, 0.5, True),  # nobody counts seconds by the clock
        (1.0, 118.0, 0.95, False),  # too slow to be sure
    ],
)
def test_a_burst_lies_within_one_window(window_s: float, opened_at_s: float, took_s: float, within: bool) -> None:
    assert _within_one(window_s, opened_at_s, took_s) is within


@pytest.mark.parametrize(("announced", "wait_s"), [("2", 2.0), ("90", 60.0), (None, 60.0), ("Fri, 1 Jan", 60.0)])
def test_a_refusal_is_believed_up_to_a_window(announced: str | None, wait_s: float) -> None:
    assert _announced_wait_s(refusal(announced), 60.0) == wait_s


def test_a_retry_after_with_a_date_counts_from_the_response() -> None:
    dated = refusal(formatdate(time.time() + 30, usegmt=True))
    assert 25 < (dated.retry_after_s or 0) <= 30
    assert [refusal(value).retry_after_s for value in ("1.5", "-1", "soon", None)] == [None] * 4


def refusal(announced: str | None) -> Response:
    headers = [] if announced is None else [("Retry-After", announced)]
    sent = SentRequest("", "POST", "http://t/v1", (), b"", 0)
    return Response(sent, 429, headers, head_at_ns=time.monotonic_ns())
