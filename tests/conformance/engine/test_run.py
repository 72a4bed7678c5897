"""The verdict on a case, whatever happens in it."""

from __future__ import annotations

import asyncio
import json
from typing import ClassVar

import pytest

from hopcheck import (
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Target,
    Untestable,
    expect,
    refuse,
    reply,
)
from hopcheck.client.config import TargetConfig
from hopcheck.client.pacing.pace import NOTHING_PASSES
from hopcheck.client.pacing.paced_side import ASKED_AGAIN, FLOOD
from hopcheck.client.responses import Response, SentRequest
from hopcheck.engine.acceptance import cause_of_refusal
from hopcheck.engine.case_run import run_case
from hopcheck.engine.context import RunContext
from hopcheck.engine.run import run
from hopcheck.engine.verdict import Outcome
from hopcheck_server.upstream.control.client import ControlFailed


class RefusesAll(Relay):
    """Everything is refused."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 400, "No.")


def holds(ok: bool, level=None):
    async def function(target: Target) -> Findings:
        """It holds."""
        answer = await target.chat.create()
        yield expect("status", answer.status, equals=200)
        yield expect("it", ok, equals=True, level=level)

    return function


@pytest.mark.parametrize(
    ("case_level", "level", "ok", "outcome"),
    [
        ("MUST", None, True, Outcome.CONFORMS),
        ("MUST", None, False, Outcome.DEVIATES),
        ("MUST", "SHOULD", False, Outcome.ADVISORY),
        ("MAY", None, False, Outcome.ADVISORY),
        ("MAY", "MUST", False, Outcome.DEVIATES),
    ],
)
def test_findings_and_their_levels_make_the_outcome(case, bench, case_level, level, ok, outcome) -> None:
    one = case("chat.one", level=case_level, refs=["a"])(holds(ok, level))
    verdict = bench.judge([one])["chat.one"]
    assert (verdict.outcome, bench.checks(verdict)) == (outcome, [("status", True), ("it", ok)])
    assert verdict.reproduce.startswith("curl ")


def test_a_crash_keeps_the_findings_before_it_and_is_broken(case, bench) -> None:
    @case("chat.crash", level="MUST", refs=["a"])
    async def crash(target: Target) -> Findings:
        """It crashes."""
        yield expect("before", 1, equals=1)
        raise ZeroDivisionError("in the case")

    verdict = bench.judge([crash])["chat.crash"]
    assert (verdict.outcome, bench.checks(verdict)) == (Outcome.BROKEN, [("before", True)])
    assert "ZeroDivisionError: in the case" in verdict.reason


def test_a_case_that_awaits_what_it_cancelled_is_broken(case, bench) -> None:
    @case("chat.cancels", level="MUST", refs=["a"])
    async def cancels(target: Target) -> Findings:
        """It cancels."""
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task
        yield expect("never", 1, equals=1)

    assert bench.judge([cancels])["chat.cancels"].outcome is Outcome.BROKEN


def test_no_finding_is_broken(case, bench) -> None:
    @case("chat.silent", level="MUST", refs=["a"])
    async def silent(target: Target) -> Findings:
        """It says nothing."""
        for finding in ():
            yield finding

    verdict = bench.judge([silent])["chat.silent"]
    assert (verdict.outcome, verdict.reason) == (Outcome.BROKEN, "the case made no finding")


def test_a_question_that_never_arrived_is_untestable(case, bench) -> None:
    scripted = case("chat.scripted", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    plain = case("chat.plain", level="MUST", refs=["a"])(holds(True))
    verdicts = bench.judge([scripted, plain], RefusesAll)
    assert verdicts["chat.scripted"].outcome is Outcome.UNTESTABLE
    assert verdicts["chat.scripted"].untestable_by == "acceptance: status 400, invalid_request_error"
    assert bench.checks(verdicts["chat.scripted"])[0] == ("status", False)
    assert verdicts["chat.plain"].outcome is Outcome.UNTESTABLE  # it depends on the same request


def test_what_a_case_calls_untestable_is(case, bench) -> None:
    @case("chat.cannot", level="MUST", refs=["a"])
    async def cannot(target: Target) -> Findings:
        """It can't be asked."""
        yield expect("before", 1, equals=2)
        raise Untestable("no log file")

    verdict = bench.judge([cannot])["chat.cannot"]
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, "no log file")
    assert bench.checks(verdict) == [("before", False)]


def test_what_is_not_declared_or_offered_does_not_apply(case, bench) -> None:
    class DeclaresNothing(Relay):
        """It has no fallback."""

        declares: ClassVar[dict[str, object]] = {"fallback": None, "retries": 0}

    one = case("chat.one", level="MUST", refs=["a"], needs=["fallback", "retries"])(holds(True))
    verdict = bench.judge([one], DeclaresNothing)["chat.one"]
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reason == "the target does not declare `fallback`, `retries`"

    two = case("chat.two", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    context = bench.one_sided("http://127.0.0.1:1/v1")
    verdict = asyncio.run(run_case(two, context))
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_APPLICABLE, "this run is not two-sided")


def test_a_target_that_is_gone_is_untestable(case, bench) -> None:
    first = case("chat.one", level="MUST", refs=["a"])(holds(True))
    last = case("chat.two", level="MUST", refs=["a"], isolation="cooldown")(holds(True))

    async def main():
        return [one async for one in run([first, last], bench.one_sided("http://127.0.0.1:1/v1"))]

    verdicts = bench.alone(main)
    assert [one.outcome for one in verdicts] == [Outcome.UNTESTABLE] * 2
    assert all("no connection to 127.0.0.1:1" in one.reason for one in verdicts)


class GoneUpstream:
    """A control whose upstream has ended."""

    def __getattr__(self, name: str):
        async def gone(*_, **__):
            raise ControlFailed("no connection to 127.0.0.1:9100")

        return gone


def test_an_upstream_that_is_gone_breaks_only_the_case(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))

    async def refuse_all(exchange) -> None:
        await exchange.start(500, [("Content-Length", "0")], "length")

    async def main():
        async with bench.answering(refuse_all) as url:
            return await run_case(one, RunContext(TargetConfig(name="t", base_url=url), GoneUpstream()))

    verdict = bench.alone(main)
    assert verdict.outcome is Outcome.BROKEN
    assert "ControlFailed" in verdict.reason
    assert bench.checks(verdict)[0] == ("status", False)


class RefusesOnce(Relay):
    """The first request is refused as if the provider rested."""

    times = 1

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        asked = self.__dict__.setdefault("asked", [])
        asked.append(incoming)
        return refuse(incoming, 429, "cooling down") if len(asked) <= self.times else None


def test_a_429_that_the_provider_never_sent_is_asked_again_once(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    verdict = bench.judge([one], RefusesOnce)["chat.one"]
    assert verdict.outcome is Outcome.CONFORMS
    assert verdict.notes == (ASKED_AGAIN,)
    assert [entry["side"] for entry in verdict.exchanges] == []  # a bench keeps none

    limited = case("chat.limited", level="MUST", refs=["a"], needs=["rate_limit"])(holds(True))
    assert bench.judge([limited], RefusesOnce)["chat.limited"].outcome is Outcome.DEVIATES  # what it asks about


class RefusesCases(Relay):
    """Every request that is no probe gets a 429."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return refuse(incoming, 429, "cooling down") if b"hopcheck:chat." in incoming.body else None


def provoked(provider_fails: bool):
    async def function(target: Target) -> Findings:
        """It asks for a failure or a success first."""
        await target.chat.create(script="fails" if provider_fails else "")
        answer = await target.chat.create()
        yield expect("status", answer.status, equals=200)

    return function


class RestsAfterFailures(Relay):
    """Once the provider has failed, its cases are refused."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        self.rests = True
        return await super().failed(incoming, failure)

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        rests = getattr(self, "rests", False) and b"hopcheck:chat." in incoming.body
        return refuse(incoming, 429, "cooling down") if rests else None


def test_a_rest_after_a_provider_failure_is_named_a_cooldown(case, bench) -> None:
    scripts = {"": reply.chat("hi"), "fails": reply.status(500)}
    one = case("chat.one", level="MUST", refs=["a"], upstream=scripts)(provoked(True))
    verdict = bench.judge([one], RestsAfterFailures)["chat.one"]
    assert verdict.outcome is Outcome.UNTESTABLE
    assert verdict.reason == "target in cooldown"
    assert verdict.notes == ("a 429 without an upstream attempt was asked again",)


def test_refusals_without_a_failure_are_a_rate_limit(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(holds(True))
    verdict = bench.judge([one], RefusesCases)["chat.one"]
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, NOTHING_PASSES)


def test_a_flood_does_not_apply_to_a_target_that_limits_its_rate(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], floods=True)(holds(True))
    verdict = bench.judge([one], RefusesCases)["chat.one"]
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_APPLICABLE, FLOOD)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        ({"message": "Unknown field.", "param": "seed"}, "status 400, seed"),
        ({"message": "Unsupported parameter: 'seed' is not known.", "type": "bad"}, "status 400, seed"),
        ({"message": "[seed]: extra inputs are not permitted"}, "status 400, seed"),
        ({"message": "No 'such' thing.", "code": "refused", "type": "bad"}, "status 400, refused"),
        ({"message": "No.", "code": None}, "status 400"),
    ],
)
def test_the_cause_of_a_refusal_names_the_field_that_it_is_about(error, cause) -> None:
    sent = SentRequest("", "POST", "http://t/v1", (), b'{"seed": 1}', 0)
    body = json.dumps({"error": error}).encode()
    assert cause_of_refusal(Response(sent, 400, chunks=[(1, body)])) == cause
