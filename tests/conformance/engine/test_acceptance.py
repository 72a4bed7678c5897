"""Acceptance: a valid request that the target itself refuses is a cause; what depends on it is untestable by it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, expect, refuse, reply
from hopcheck.authoring.findings import Level
from hopcheck.engine.acceptance import ACCEPTANCE, LARGE_BYTES
from hopcheck.engine.verdict import Outcome, Verdict

CAUSE = "status 400, seed"


class RefusesSeed(Relay):
    """`seed` is no field that it knows."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if isinstance(incoming.json, dict) and "seed" in incoming.json:
            return refuse(incoming, 400, "No such field.", code="unknown_parameter", param="seed")
        return await super().authorize(incoming)


@pytest.fixture
def judged(case, bench) -> Callable[..., Verdict]:
    """Judge a relay by one request, after a plain one; with `passes`, by a case that any answer satisfies."""

    def judge(
        relay: type[Relay],
        fields: Mapping[str, Any],
        *,
        passes: bool = False,
        key: str | None = None,
        needs: tuple[str, ...] = (),
        refusable: bool = False,
    ) -> Verdict:
        async def function(target: Target) -> Findings:
            """A request is answered."""
            await target.chat.create()
            answer = await target.chat.create(**fields, **({"key": key} if key else {}))
            yield expect("status", answer.status, equals=answer.status if passes else 200)

        made = case(
            "chat.one", level="SHOULD", refs=["a"], upstream=reply.chat("Hello"), refusable=refusable, needs=needs
        )
        return bench.judge([made(function)], relay)["chat.one"]

    return judge


def test_a_refusal_names_the_headers_that_it_may_be_about(case, bench) -> None:
    class RefusesOffers(Relay):
        """An offer to go on in HTTP/2 is refused."""

        async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
            offers = incoming.header("upgrade") is not None
            return refuse(incoming, 400, "Not so.") if offers else await super().authorize(incoming)

    async def function(target: Target) -> Findings:
        """A request is answered."""
        answer = await target.chat.create(headers={"Upgrade": "h2c", "Accept": "text/event-stream"})
        yield expect("status", answer.status, equals=200)

    made = case("chat.one", level="MUST", refs=["a"], upstream=reply.chat("Hello"))
    (refusal,) = bench.judge([made(function)], RefusesOffers)["chat.one"].occurrences
    assert "/chat/completions with Accept: text/event-stream, Upgrade was answered 400" in refusal.detail


def test_a_case_that_depends_on_a_refusal_is_untestable_by_it(judged) -> None:
    verdict = judged(RefusesSeed, {"seed": 7})
    (refusal,) = verdict.occurrences
    assert (refusal.check, refusal.cause, refusal.operation, refusal.exchange) == (ACCEPTANCE, CAUSE, "chat", 1)
    assert "was answered 400" in refusal.detail
    assert (verdict.outcome, verdict.untestable_by) == (Outcome.UNTESTABLE, f"acceptance: {CAUSE}")
    assert CAUSE in verdict.reason
    assert [finding.check for finding in verdict.failed] == ["status"]


def test_a_case_whose_own_checks_hold_conforms_all_the_same(judged) -> None:
    verdict = judged(RefusesSeed, {"seed": 7}, passes=True)
    assert [one.key for one in verdict.occurrences] == [f"acceptance: {CAUSE}"]
    assert (verdict.outcome, verdict.untestable_by) == (Outcome.CONFORMS, "")


def test_an_accepted_request_is_judged_and_nothing_is_found(judged) -> None:
    verdict = judged(Relay, {"seed": 7})
    assert (verdict.outcome, verdict.occurrences) == (Outcome.CONFORMS, ())
    assert verdict.judged[ACCEPTANCE, "chat"] == 2


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ('{"error": "no"}', "status 422"),
        ('{"error": {"message": "No.", "code": "unknown_parameter"}}', "status 422, unknown_parameter"),
        ('{"error": {"message": "Unknown parameter: \'seed\'.", "code": null}}', "status 422, seed"),
        ("messages[0].name: missing field", "status 422, messages"),
    ],
)
def test_a_cause_says_what_its_refusal_is_about(judged, body: str, cause: str) -> None:
    class RefusesEverything(Relay):
        """Every request but a plain one is refused."""

        async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
            headers = [("Content-Type", "application/json")]
            plain = isinstance(incoming.json, dict) and not incoming.json.keys() - {"model", "messages"}
            return None if plain else RelayedResponse(incoming, 422, headers, body.encode())

    found = judged(RefusesEverything, {"seed": 7, "n": 1}).occurrences
    assert [one.cause for one in found if one.check == ACCEPTANCE] == [cause]


class Compresses(RefusesSeed):
    """Refusals are compressed."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        if refusal is None:
            return None
        return replace(refusal, body=gzip.compress(refusal.body)).with_header("Content-Encoding", "gzip")


def test_a_compressed_refusal_is_read(judged) -> None:
    (refusal,) = [one for one in judged(Compresses, {"seed": 7}).occurrences if one.check == ACCEPTANCE]
    assert refusal.cause == CAUSE
    assert "No such field." in refusal.detail


def test_a_refusal_is_as_binding_as_its_case(judged) -> None:
    (refusal,) = judged(RefusesSeed, {"seed": 7}).occurrences
    assert refusal.level is Level.SHOULD


def test_a_refusable_case_that_could_not_be_asked_is_untestable(case, bench) -> None:
    @case("chat.two", level="MUST", refs=["a"], refusable=True)
    async def two(target: Target) -> Findings:
        """A field arrives."""
        attempt = await target.forwarded(await target.chat.create(seed=7))
        yield expect("seed", attempt.json["seed"], equals=7)

    verdict = bench.judge([two], RefusesSeed)["chat.two"]
    assert (verdict.outcome, verdict.untestable_by) == (Outcome.UNTESTABLE, f"acceptance: {CAUSE}")


NOT_COUNTED: dict[str, dict[str, Any]] = {
    "an invalid request": {"fields": {"seed": "seven"}},
    "a wrong key": {"fields": {"seed": 7}, "key": "sk-other"},
    "a model that it doesn't serve": {"fields": {"seed": 7, "model": "no-such-model"}},
    "a chat with the model for embeddings": {"fields": {"seed": 7, "model": "fake-embedding"}},
    "a large body": {"fields": {"seed": 7, "user": "x" * LARGE_BYTES}},
    "a case whose requests may be refused": {"fields": {"seed": 7}, "refusable": True},
}


@pytest.mark.parametrize("name", NOT_COUNTED)
def test_what_may_be_refused_is_no_cause(judged, name: str) -> None:
    asked = dict(NOT_COUNTED[name])
    verdict = judged(RefusesSeed, asked.pop("fields"), **asked)
    assert [one for one in verdict.occurrences if one.check == ACCEPTANCE] == []
    assert verdict.untestable_by == ""
    assert [finding.check for finding in verdict.failed] == ["status"]


def test_a_refusal_of_the_providers_is_no_cause(case, bench) -> None:
    @case("chat.two", level="MUST", refs=["a"], upstream=reply.status(400))
    async def two(target: Target) -> Findings:
        """The provider refuses it."""
        yield expect("status", (await target.chat.create()).status, equals=400)

    verdict = bench.judge([two])["chat.two"]
    assert (verdict.outcome, verdict.occurrences) == (Outcome.CONFORMS, ())
