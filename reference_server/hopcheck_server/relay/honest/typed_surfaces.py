"""Honest relays that differ on the surfaces with typed events: Anthropic's Messages and OpenAI's Responses."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.messages import Events, IncomingRequest, OutgoingRequest, RelayedResponse, incoming
from hopcheck_server.relay.relay import Relay

PREFIX = "resp_own"


class NamesResponses(Relay):
    """Responses have ids of the relay's own, in which it finds the provider's again; their null fields are left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if not outgoing.incoming.is_for_responses:
            return outgoing
        home, slash, stored = outgoing.path.partition("/responses/")
        if slash:
            name, rest, what = stored.partition("/")
            outgoing = replace(outgoing, path=f"{home}{slash}{_theirs(name)}{rest}{what}")
        known = _as_known(outgoing.json)
        return outgoing if known == outgoing.json else outgoing.with_json(known)

    def deployment(self, incoming: IncomingRequest, model: str) -> str:
        return super().deployment(replace(incoming, json=_as_known(incoming.json or {})), model)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        return response.with_json(_renamed(body)) if _is_response(body) else response

    async def events(self, events: Events) -> Events:
        async for event in events:
            payload = event.json
            if isinstance(payload, dict) and _is_response(payload.get("response")):
                event = event_of({**payload, "response": _renamed(payload["response"])}, event.event)
            yield event


SPLIT_FIELDS = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Deltas of Messages, and the fields in which they have their text."""

SPLIT_EVENTS = frozenset(
    f"response.{name}.delta"
    for name in ("output_text", "refusal", "function_call_arguments", "reasoning_text", "reasoning_summary_text")
)
"""Events of Responses that have a piece of a text."""


class SplitsTexts(Relay):
    """A piece of a text, of a thought or of a call's arguments leaves as two."""

    async def events(self, events: Events) -> Events:
        shift = 0
        async for event in events:
            pieces = list(_halves(event.json))
            for number, piece in enumerate(pieces):
                yield _numbered(event_of(piece, event.event), shift + number)
            shift += max(len(pieces) - 1, 0)
            if not pieces:
                yield _numbered(event, shift)


class WritesLists(Relay):
    """A text that may also be written as a list of parts is sent as one, and documented defaults are filled in."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if incoming().is_for_responses and isinstance(body.get("input"), str):
            parts = [{"type": "input_text", "text": body["input"]}]
            item = {"type": "message", "role": "user", "content": parts}
            return outgoing.with_json(
                {"store": True, "stream": False, "truncation": "disabled", **body, "input": [item]}
            )
        if incoming().is_anthropic and isinstance(body.get("system"), str):
            body["system"] = [{"type": "text", "text": body["system"]}]
        return outgoing.with_json(body) if incoming().is_anthropic else outgoing


def _is_response(body: Any) -> bool:
    return isinstance(body, dict) and body.get("object") == "response"


def _renamed(response: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in response.items() if value is not None}
    return {**kept, "id": PREFIX + base64.urlsafe_b64encode(response["id"].encode()).decode().rstrip("=")}


def _as_known(body: dict[str, Any]) -> dict[str, Any]:
    """A request that names a response as the provider does."""
    previous = body.get("previous_response_id")
    return {**body, "previous_response_id": _theirs(previous)} if isinstance(previous, str) else body


def _theirs(name: str) -> str:
    """The provider's id in one of the relay's; any other as it is."""
    if not name.startswith(PREFIX):
        return name
    try:
        return base64.urlsafe_b64decode(name.removeprefix(PREFIX) + "==").decode()
    except (binascii.Error, ValueError):
        return name


def _halves(payload: Any) -> Iterator[dict[str, Any]]:
    """The two halves of an event with a text of two characters or more; none for another event."""
    match payload:
        case {"type": "content_block_delta", "delta": {"type": str(kind), **given}} if kind in SPLIT_FIELDS:
            field = SPLIT_FIELDS[kind]
            text = str(given.get(field, ""))
            yield from ({**payload, "delta": {"type": kind, field: half}} for half in _two(text))
        case {"type": str(kind), "delta": str(text)} if kind in SPLIT_EVENTS:
            yield from ({**payload, "delta": half} for half in _two(text))


def _two(text: str) -> tuple[str, ...]:
    return (text[:1], text[1:]) if text[1:] else ()


def _numbered(event: Event, shift: int) -> Event:
    """The event with its number moved on, if it has one."""
    payload = event.json
    number = payload.get("sequence_number") if isinstance(payload, dict) and shift else None
    return event if number is None else event_of({**payload, "sequence_number": number + shift}, event.event)
