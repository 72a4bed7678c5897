"""Every exchange is held against the contracts, and the target is blamed for its own mistakes alone."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import dataclass, replace
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
from hopcheck.authoring.findings import Level
from hopcheck.client.responses import SentRequest
from hopcheck.engine.acceptance import ACCEPTANCE
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.engine.wire_contracts import CHECKS, EVENT, RESPONSE, UPSTREAM_REQUEST, WireEvidence, judge_exchanges
from hopcheck.gate.catalogue import all_cases
from hopcheck.report.causes import INVARIANTS
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
        return RelayedResponse(incoming, failure.head.status, headers, failure.body)

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


@dataclass(frozen=True)
class Judged:
    """What the contracts say of a case's exchanges."""

    verdict: Verdict

    @property
    def counts(self) -> dict[str, int]:
        """How many messages were judged, by check."""
        return {check: count for (check, _), count in self.verdict.judged.items() if check in CHECKS}

    def occurrences(self, check: str) -> list[Occurrence]:
        return [one for one in self.verdict.occurrences if one.check == check]

    def holds(self, check: str) -> bool:
        """Whether something was judged by it, and everything held."""
        return self.counts[check] > 0 and not self.occurrences(check)

    def details(self, check: str) -> list[str]:
        return [one.detail for one in self.occurrences(check)]


@pytest.fixture
def judged(case, bench):
    """Judge a relay by a case that says nothing itself; gives what the contracts say."""

    def judge(relay: type[Relay], turn: Any = None, *, level: str = "MUST", **asked: Any) -> Judged:
        one = case("chat.one", level=level, refs=["a"], upstream=turn)(asking(**asked))
        return contract(bench.judge([one], relay)["chat.one"])

    return judge


def contract(verdict: Verdict) -> Judged:
    """What the contracts say, once it is sure that the case's own outcome doesn't depend on it."""
    assert verdict.outcome is Outcome.CONFORMS
    assert [finding.check for finding in verdict.findings] == ["asked"]
    assert {one.level for one in verdict.occurrences} <= {Level.MUST}
    return Judged(verdict)


def test_a_healthy_exchange_is_judged_on_both_sides(judged) -> None:
    found = judged(Relay, reply.stream("Hel", "lo"), stream=True)
    assert found.counts == {RESPONSE: 1, EVENT: 5, UPSTREAM_REQUEST: 1}
    assert found.verdict.judged[ACCEPTANCE, "chat.stream"] == 1
    assert found.verdict.occurrences == ()


def test_nothing_is_judged_that_was_not_there(judged) -> None:
    assert list(judged(Relay).counts) == [RESPONSE, UPSTREAM_REQUEST]


@pytest.mark.parametrize("level", ["MUST", "MAY"])
def test_a_wrong_response_is_an_occurrence_and_the_case_conforms(judged, level: str) -> None:
    found = judged(NumbersAnswers, level=level)
    detail = "POST /relay/v1/chat/completions 200: id: expected a string, not 7"
    wrong = Occurrence(RESPONSE, "id: expected a string, not a number", detail, Level.MUST, "chat", 0)
    assert found.verdict.occurrences == (wrong,)
    assert found.holds(UPSTREAM_REQUEST)


def test_each_wrong_event_is_an_occurrence_of_one_cause(judged) -> None:
    found = judged(NumbersAnswers, reply.stream("Hel", "lo"), stream=True)
    place = "POST /relay/v1/chat/completions 200, event 1"
    assert found.details(EVENT)[0] == f"{place}: id: expected a string, not 7"
    assert len(found.details(EVENT)) == 4
    assert {one.key for one in found.occurrences(EVENT)} == {f"{EVENT}: id: expected a string, not a number"}
    assert {(one.operation, one.exchange) for one in found.occurrences(EVENT)} == {("chat.stream", 0)}
    assert found.holds(RESPONSE)


def test_a_wrong_upstream_request_is_an_occurrence(judged) -> None:
    (wrong,) = judged(WrongUpstream).occurrences(UPSTREAM_REQUEST)
    assert wrong.detail == 'POST /v1/chat/completions: temperature: expected a number or null, not "hot"'
    assert wrong.cause == "temperature: expected a number or null, not a string"
    assert (wrong.operation, wrong.exchange) == ("chat", 0)


def test_an_occurrence_names_the_request_that_it_belongs_to(case, bench) -> None:
    @case("chat.one", level="MUST", refs=["a"])
    async def one(target: Target) -> Findings:
        """It is asked three times."""
        for temperature in (0.1, 0.2, 0.3):
            await target.chat.create(temperature=temperature)
        yield expect("asked", True, equals=True)

    class NumbersTheSecond(Relay):
        """Only one of the responses has a number for an id."""

        async def response(self, response: RelayedResponse) -> RelayedResponse:
            if json.loads(response.incoming.body)["temperature"] != 0.2:
                return response
            return edits.body(response, lambda body: body.update(id=7))

    (wrong,) = contract(bench.judge([one], NumbersTheSecond)["chat.one"]).verdict.occurrences
    assert wrong.exchange == 1


def test_what_the_client_sent_wrongly_may_be_passed_on(judged) -> None:
    assert judged(PassesEverythingOn, temperature="hot", n="two").holds(UPSTREAM_REQUEST)


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
    assert judged(PassesEverythingOn, WRONG[name]).holds(RESPONSE)


class MakesAnObjectOfAnything(Relay):
    """Whatever a provider answers with 200 becomes an object."""

    async def failed(self, incoming, failure: Failure) -> RelayedResponse:
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], b'{"page": "?"}')


@pytest.mark.parametrize("turn", [reply.html(200), reply.json_body([1, 2])])
def test_a_success_made_of_garbage_is_for_the_cases_about_that(judged, turn: Any) -> None:
    assert judged(MakesAnObjectOfAnything, turn).holds(RESPONSE)


def test_a_success_made_of_an_object_is_judged(judged) -> None:
    found = judged(MakesAnObjectOfAnything, reply.status(500))
    assert "the body: choices is missing" in {one.cause for one in found.occurrences(RESPONSE)}


STREAMS = {
    "wrong-types": reply.events({"choices": [{"index": "0", "delta": []}]}),
    "garbage": reply.events("data: {half\n\n", "data: <html>\n\n"),
    "bare-error": reply.events(reply.delta(content="Hel"), {"error": {"message": "No."}}),
    "after-a-good-one": reply.events(reply.delta(content="Hel"), {"choices": None}),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_providers_wrong_event_may_be_passed_on(judged, name: str) -> None:
    assert judged(PassesEverythingOn, STREAMS[name], stream=True).holds(EVENT)


def test_what_was_sent_wrongly_is_no_excuse_for_something_else(judged) -> None:
    class Garbles(PassesEverythingOn):
        """Another field becomes wrong."""

        def events(self, events: Events) -> Events:
            return edits.chunks(events, lambda chunk: chunk.update(model=None))

    found = judged(Garbles, reply.events({"id": 7, "choices": []}), stream=True)
    (detail,) = found.details(EVENT)
    assert detail.endswith("event 1: model: expected a string, not null")


def test_a_later_attempt_s_answer_is_an_excuse_too(judged) -> None:
    turns = [reply.status(503), reply.json_body({"id": 7, "choices": []})]
    assert judged(PassesEverythingOn, turns).holds(RESPONSE)


def test_compressed_answers_are_read(judged) -> None:
    class Compresses(NumbersAnswers):
        """Compressed, and wrong."""

        async def response(self, response: RelayedResponse) -> RelayedResponse:
            changed = await super().response(response)
            return replace(changed, body=gzip.compress(changed.body)).with_header("Content-Encoding", "gzip")

    (detail,) = judged(Compresses).details(RESPONSE)
    assert detail.endswith("id: expected a string, not 7")


@pytest.mark.parametrize("ended", ["complete", "cut"])
def test_a_cut_response_is_not_judged_but_whole_events_are(ended: Any) -> None:
    sent = SentRequest("", "POST", "http://h/api/chat/completions?x", (), b"", 0)
    whole = Response(sent, 200, [("Content-Type", "application/json")], [(1, b'{"id":')], ended)
    streamed = Stream(sent, 200, [("Content-Type", "text/event-stream")], [(1, b'data: {}\n\ndata: {"id":')], ended)
    found = asyncio.run(judge_exchanges(WireEvidence([whole, streamed], [], "/api")))
    details = {check: [one.detail for one in found.occurrences if one.check == check] for check in CHECKS}
    not_json = 'POST /api/chat/completions 200: the body: is not JSON: "{\\"id\\":"'
    assert details[RESPONSE] == ([not_json] if ended == "complete" else [])
    assert details[EVENT][0].startswith("POST /api/chat/completions 200, event 1: the event: id is missing")
    assert sum(found.judged[key] for key in found.judged if key[0] == RESPONSE) == (2 if ended == "complete" else 1)


@pytest.mark.parametrize(
    ("path", "checks"),
    [("//health", []), ("/models", [RESPONSE]), ("/nothing/such", []), ("/llm/models", [RESPONSE])],
)
def test_only_what_a_contract_speaks_of_is_judged(case, bench, path: str, checks: list[str]) -> None:
    @case("chat.one", level="MUST", refs=["a"])
    async def one(target: Target) -> Findings:
        """It is asked."""
        yield expect("asked", (await target.request("GET", path)).status is not None, equals=True)

    assert list(contract(bench.judge([one])["chat.one"]).counts) == checks


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
    assert [one.check for one in verdict.failed] == ["status"]
    (wrong,) = Judged(verdict).details(RESPONSE)
    assert wrong.endswith("400: the body: error is missing")


def test_each_of_these_findings_is_broken_by_a_mutant() -> None:
    broken = {example.killed_by for case in all_cases().values() for example in case.mutants}
    assert {*CHECKS, ACCEPTANCE} <= broken
    assert set(CHECKS) <= set(INVARIANTS)
