"""Every exchange is held against the contracts, and the target is blamed for its own mistakes alone."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from hopcheck import (
    Events,
    Findings,
    OutgoingRequest,
    Relay,
    RelayedResponse,
    Response,
    Stream,
    Target,
    edits,
    expect,
    reply,
)
from hopcheck.authoring.findings import Finding, Level
from hopcheck.client.responses import SentRequest
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.engine.wire_contracts import CHECKS, EVENT, RESPONSE, UPSTREAM_REQUEST, WireEvidence, contract_findings
from hopcheck.gate.catalogue import all_cases
from hopcheck_server.relay.messages import Failure


class NumbersAnswers(Relay):
    """Ids are numbers."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(id=7))

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(id=7))


class PassesEverythingOn(Relay):
    """Nothing of a provider's is looked at: neither errors nor events."""

    async def failed(self, incoming, failure: Failure) -> RelayedResponse:
        if failure.head is None:
            return await super().failed(incoming, failure)
        headers = [("Content-Type", failure.head.header("content-type") or "")]
        return RelayedResponse(incoming, failure.status, headers, failure.body)

    async def check(self, incoming) -> RelayedResponse | None:
        return None

    async def sound(self, events: Events) -> Events:
        async for event in events:
            yield event


class WrongUpstream(Relay):
    """The provider gets a temperature in words."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "temperature": "hot"})


def asking(*, stream: bool = False, **fields: Any):
    async def function(target: Target) -> Findings:
        """It is asked."""
        answer = await (target.chat.stream(**fields) if stream else target.chat.create(**fields))
        yield expect("asked", answer.status is not None, equals=True)

    return function


@pytest.fixture
def judged(case, bench):
    """Judge a relay by a case that says nothing itself; gives the contract's findings by name."""

    def judge(relay: type[Relay], turn: Any = None, *, level: str = "MUST", **asked: Any) -> dict[str, Finding]:
        one = case("chat.one", level=level, refs=["a"], upstream=turn)(asking(**asked))
        verdict = bench.judge([one], relay)["chat.one"]
        return contract(verdict)

    return judge


def contract(verdict: Verdict) -> dict[str, Finding]:
    found = {finding.check: finding for finding in verdict.findings if finding.check in CHECKS}
    fails = any(not finding.ok for finding in found.values())
    assert verdict.outcome is (Outcome.DEVIATES if fails else Outcome.CONFORMS)
    assert {finding.level for finding in found.values()} <= {Level.MUST}
    return found


def test_a_healthy_exchange_has_a_finding_of_each_kind(judged) -> None:
    found = judged(Relay, stream=True)
    assert [(name, one.ok, one.actual) for name, one in found.items()] == [
        (RESPONSE, True, "all 1 as the contract has them"),
        (EVENT, True, "all 9 as the contract has them"),
        (UPSTREAM_REQUEST, True, "all 1 as the contract has them"),
    ]


def test_nothing_is_found_where_there_was_nothing_to_judge(judged) -> None:
    assert list(judged(Relay)) == [RESPONSE, UPSTREAM_REQUEST]


@pytest.mark.parametrize("level", ["MUST", "MAY"])
def test_a_wrong_response_is_reported_by_its_first_violation(judged, level: str) -> None:
    found = judged(NumbersAnswers, level=level)
    assert found[RESPONSE].actual == "POST /v1/chat/completions 200: id: expected a string, not 7"
    assert found[UPSTREAM_REQUEST].ok


def test_a_wrong_event_is_reported_and_the_others_are_counted(judged) -> None:
    found = judged(NumbersAnswers, reply.stream("Hel", "lo"), stream=True)
    place = "POST /v1/chat/completions 200, event 1"
    assert found[EVENT].actual == f"{place}: id: expected a string, not 7 (and 3 more)"
    assert found[RESPONSE].ok


def test_a_wrong_upstream_request_is_reported(judged) -> None:
    found = judged(WrongUpstream)
    complaint = 'POST /v1/chat/completions: temperature: expected a number or null, not "hot"'
    assert found[UPSTREAM_REQUEST].actual == complaint


def test_what_the_client_sent_wrongly_may_be_passed_on(judged) -> None:
    assert judged(PassesEverythingOn, temperature="hot", n="two")[UPSTREAM_REQUEST].ok


WRONG = {
    "html": reply.html(502),
    "not-json": reply.raw(200, '{"id": "chatcmpl-1", "choices": [', "application/json"),
    "wrong-types": reply.json_body({"id": 7, "object": "chat.completion", "choices": {}}),
    "bare-error": reply.raw(400, json.dumps({"error": {"message": "No."}}), "application/json"),
    "fastapi": reply.raw(422, json.dumps({"detail": []}), "application/json"),
    "cut": reply.chat("Hello", framing="close", cut_at=40),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_provider_sent_wrongly_may_be_passed_on(judged, name: str) -> None:
    assert judged(PassesEverythingOn, WRONG[name])[RESPONSE].ok


STREAMS = {
    "wrong-types": reply.events({"choices": [{"index": "0", "delta": []}]}),
    "garbage": reply.events("data: {half\n\n", "data: <html>\n\n"),
    "bare-error": reply.events(reply.delta(content="Hel"), {"error": {"message": "No."}}),
    "after-a-good-one": reply.events(reply.delta(content="Hel"), {"choices": None}),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_providers_wrong_event_may_be_passed_on(judged, name: str) -> None:
    assert judged(PassesEverythingOn, STREAMS[name], stream=True)[EVENT].ok


def test_what_was_sent_wrongly_is_no_excuse_for_something_else(judged) -> None:
    class Garbles(PassesEverythingOn):
        """Another field becomes wrong."""

        def events(self, events: Events) -> Events:
            return edits.chunks(events, lambda chunk: chunk.update(model=None))

    found = judged(Garbles, reply.events({"id": 7, "choices": []}), stream=True)
    assert "event 1: model: expected a string, not null" in found[EVENT].actual
    assert " id: " not in found[EVENT].actual


def test_a_later_attempt_s_answer_is_an_excuse_too(judged) -> None:
    turns = [reply.status(503), reply.json_body({"id": 7, "choices": []})]
    assert judged(PassesEverythingOn, turns)[RESPONSE].ok


def test_compressed_answers_are_read(judged) -> None:
    class Compresses(NumbersAnswers):
        """Compressed, and wrong."""

        async def response(self, response: RelayedResponse) -> RelayedResponse:
            changed = await super().response(response)
            return replace(changed, body=gzip.compress(changed.body)).with_header("Content-Encoding", "gzip")

    assert "id: expected a string, not 7" in judged(Compresses)[RESPONSE].actual


@pytest.mark.parametrize("ended", ["complete", "cut"])
def test_a_cut_response_is_not_judged_but_whole_events_are(ended: Any) -> None:
    sent = SentRequest("", "POST", "http://h/api/chat/completions?x", (), b"", 0)
    whole = Response(sent, 200, [("Content-Type", "application/json")], [(1, b'{"id":')], ended)
    streamed = Stream(sent, 200, [("Content-Type", "text/event-stream")], [(1, b'data: {}\n\ndata: {"id":')], ended)
    found = asyncio.run(contract_findings(WireEvidence([whole, streamed], [], "/api")))
    not_json = 'POST /v1/chat/completions 200: the body: is not JSON: "{\\"id\\":"'
    assert found[0].actual == (not_json if ended == "complete" else "all 1 as the contract has them")
    assert found[1].actual.startswith("POST /v1/chat/completions 200, event 1: the event: id is missing")


@pytest.mark.parametrize(
    ("path", "checks"),
    [("//health", []), ("/models", [RESPONSE]), ("/nothing/such", [RESPONSE]), ("/llm/models", [RESPONSE])],
)
def test_only_what_a_contract_speaks_of_is_judged(case, bench, path: str, checks: list[str]) -> None:
    @case("chat.one", level="MUST", refs=["a"])
    async def one(target: Target) -> Findings:
        """It is asked."""
        yield expect("asked", (await target.request("GET", path)).status is not None, equals=True)

    assert list(contract(bench.judge([one])["chat.one"])) == checks


def test_untestable_stays_untestable_whatever_the_contract_says(case, bench) -> None:
    class Refuses(Relay):
        """Everything is refused, in a shape of its own."""

        async def authorize(self, incoming) -> RelayedResponse | None:
            return RelayedResponse(incoming, 400, [("Content-Type", "application/json")], b'{"detail": "No."}')

    async def fails(target: Target) -> Findings:
        """It fails."""
        yield expect("status", (await target.chat.create()).status, equals=200)

    two = case("chat.two", level="MUST", refs=["a"], upstream=reply.chat("hi"))(fails)
    verdict = bench.judge([two], Refuses)["chat.two"]
    assert verdict.outcome is Outcome.UNTESTABLE
    assert [one.check for one in verdict.failed] == ["status", RESPONSE]
    assert verdict.failed[1].actual.endswith("400: the body: error is missing")


def test_each_of_these_findings_is_broken_by_a_mutant() -> None:
    broken = {example.killed_by for case in all_cases().values() for example in case.mutants}
    assert set(CHECKS) <= broken
