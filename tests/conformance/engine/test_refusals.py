"""The verdict on a case whose requests the target refuses: a cooldown, a limit of its own, a cause."""

from __future__ import annotations

import json

import pytest

from hopcheck import Failure, Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, refuse, reply
from hopcheck.client.pacing.pace import NOTHING_PASSES
from hopcheck.client.pacing.paced_side import ASKED_AGAIN, FLOOD
from hopcheck.client.responses import Response, SentRequest
from hopcheck.engine.acceptance import cause_of_refusal
from hopcheck.engine.verdict import Outcome


async def succeeds(target: Target) -> Findings:
    """A plain request succeeds."""
    yield expect("status", (await target.chat.create()).status, equals=200)


class RefusesOnce(Relay):
    """The first request is refused as if the provider rested."""

    times = 1

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        asked = self.__dict__.setdefault("asked", [])
        asked.append(incoming)
        return refuse(incoming, 429, "cooling down") if len(asked) <= self.times else None


def test_a_429_that_the_provider_never_sent_is_asked_again_once(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(succeeds)
    verdict = bench.judge([one], RefusesOnce)["chat.one"]
    assert verdict.outcome is Outcome.CONFORMS
    assert verdict.notes == (ASKED_AGAIN,)
    assert [entry["side"] for entry in verdict.exchanges] == []  # a bench keeps none

    limited = case("chat.limited", level="MUST", refs=["a"], needs=["rate_limit"])(succeeds)
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
    one = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("hi"))(succeeds)
    verdict = bench.judge([one], RefusesCases)["chat.one"]
    assert (verdict.outcome, verdict.reason) == (Outcome.UNTESTABLE, NOTHING_PASSES)


def test_a_flood_does_not_apply_to_a_target_that_limits_its_rate(case, bench) -> None:
    one = case("chat.one", level="MUST", refs=["a"], floods=True)(succeeds)
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
