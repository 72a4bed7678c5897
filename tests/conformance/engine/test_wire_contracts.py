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
from hopcheck.authoring.findings import Level
from hopcheck.client.responses import SentRequest
from hopcheck.engine.acceptance import ACCEPTANCE
from hopcheck.engine.verdict import Occurrence, Outcome
from hopcheck.engine.wire_contracts import CHECKS, EVENT, RESPONSE, UPSTREAM_REQUEST, judge_exchanges
from hopcheck.engine.wire_origins import WireEvidence
from hopcheck.gate.catalogue import all_cases
from hopcheck.report.causes import INVARIANTS
from tests.conformance.engine.contract_judgement import Judged, contract


class NumbersAnswers(Relay):
    """Ids are numbers."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(id=7))

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(id=7))


class WrongUpstream(Relay):
    """The provider gets a temperature in words."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({**outgoing.json, "temperature": "hot"})


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
