"""What a client or a provider sent wrongly may be passed on, and excuses nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hopcheck import Events, Relay, RelayedResponse, edits, reply
from hopcheck.engine.wire_contracts import EVENT, RESPONSE, UPSTREAM_REQUEST
from hopcheck_server.relay.messages import Failure


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
