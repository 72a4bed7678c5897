"""Honest relays that read bodies into models of their own and write them anew, as typed gateways do."""

from __future__ import annotations

from typing import Any

from hopcheck_contracts.sse import event_of
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import Events, OutgoingRequest, RelayedResponse, incoming
from hopcheck_server.relay.relay import Relay

OPTIONAL = ("function_call", "tool_calls", "refusal", "audio")
"""Optional fields of a message, which a model of it writes as null where they are missing."""

REQUIRED = frozenset({"content", "refusal", "logprobs", "finish_reason"})
"""Fields of choices and messages that OpenAI's document requires, null or not."""

MAX_EXACT = 2**53
"""Up to here a double holds every integer."""


class WritesNulls(Relay):
    """Optional fields that a message doesn't have are written as null, and ids are the relay's own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        if not _answers(body):
            return response
        for choice in body["choices"]:
            _with_nulls(choice.get("message"))
        return response.with_json({**body, "id": self._own_id()})

    async def events(self, events: Events) -> Events:
        own_id = self._own_id()
        async for event in events:
            chunk = event.json
            if not _answers(chunk):
                yield event
                continue
            for choice in chunk["choices"]:
                _with_nulls(choice.get("delta"))
            yield event_of({**chunk, "id": own_id})

    def _own_id(self) -> str:
        return f"chatcmpl-own{incoming().id}"


class LeavesNullsOut(Relay):
    """Fields whose value is null aren't written, in either direction, but for those that a response must have."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        kept = {name: value for name, value in body.items() if value is not None}
        return outgoing.with_json(kept) if len(kept) < len(body) else outgoing

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        return response.with_json(_without_nulls(body)) if _answers(body) else response

    async def events(self, events: Events) -> Events:
        async for event in events:
            chunk = event.json
            yield event_of(_without_nulls(chunk)) if _answers(chunk) else event


class WantsAChoice(Relay):
    """A completion without a choice is no success, and becomes a 502."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        if response.status != 200 or not _answers(body) or body["choices"]:
            return response
        return refuse(response.incoming, 502, "The provider answered without a choice.", code="no_choice")


class WritesWholeNumbers(Relay):
    """Numbers without a fraction are written without a point, in either direction, as JavaScript writes them."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json(_whole(outgoing.json))

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        return response.with_json(_whole(body)) if _answers(body) else response

    async def events(self, events: Events) -> Events:
        async for event in events:
            chunk = event.json
            yield event_of(_whole(chunk)) if _answers(chunk) else event


class AsksForUsage(Relay):
    """Streams are asked for their usage, to bill it, unless the client rules it out; who didn't ask doesn't see it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if outgoing.incoming.is_anthropic or not outgoing.incoming.streams or "messages" not in body:
            return outgoing
        options = body.get("stream_options")
        own = {"include_usage": True, **(options if isinstance(options, dict) else {})}
        return outgoing.with_json({**body, "stream_options": own})

    async def events(self, events: Events) -> Events:
        options = (incoming().json or {}).get("stream_options")
        asked = isinstance(options, dict) and options.get("include_usage") is True
        async for event in events:
            chunk = event.json
            if asked or not _answers(chunk):
                yield event
            elif chunk["choices"] or "usage" not in chunk:
                yield event_of({name: value for name, value in chunk.items() if name != "usage"})


def _answers(body: Any) -> bool:
    """Whether it is a chat response or a chunk."""
    return isinstance(body, dict) and isinstance(body.get("choices"), list) and "error" not in body


def _with_nulls(message: Any) -> None:
    if isinstance(message, dict):
        for name in OPTIONAL:
            message.setdefault(name, None)


def _without_nulls(value: Any) -> Any:
    """The value without the null fields of objects; texts of arguments stay as they are."""
    match value:
        case dict():
            return {name: _without_nulls(item) for name, item in value.items() if item is not None or name in REQUIRED}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT else value
