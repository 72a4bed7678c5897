"""Honest relays that translate: each says the same in another way, or says what OpenAI's dialect has two words for."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.messages import Events
from hopcheck_server.relay.translating import TranslatingRelay

Json = dict[str, Any]


class MovesLaterSystems(TranslatingRelay):
    """A system text that comes later stands in the turn of the user that follows."""

    def to_request(self, body: Json) -> Json:
        """Move them."""
        messages, seen = [], False
        for message in body.get("messages") or ():
            is_system = message.get("role") in ("system", "developer")
            moved = {**message, "role": "user"} if is_system and seen else message
            seen = seen or not is_system
            messages.append(moved)
        return super().to_request({**body, "messages": messages})


class OffersNoneInsteadOfForbidding(TranslatingRelay):
    """Tools that must not be called aren't offered."""

    def to_request(self, body: Json) -> Json:
        """Leave them out."""
        left_out = ("tools", "tool_choice") if body.get("tool_choice") == "none" else ()
        return super().to_request({name: value for name, value in body.items() if name not in left_out})


class WritesArgumentsWidely(TranslatingRelay):
    """Arguments of calls are written anew, with white space."""

    def to_completion(self, payload: Json, model: str) -> Json:
        """Write them."""
        completion = super().to_completion(payload, model)
        for choice in completion.get("choices", ()):
            for call in choice["message"].get("tool_calls") or ():
                call["function"]["arguments"] = json.dumps(json.loads(call["function"]["arguments"]), indent=1)
        return completion


class CallsOverloadUnavailable(TranslatingRelay):
    """An overloaded provider is unavailable, by HTTP's own status."""

    def to_status(self, status: int) -> int:
        """Name it so."""
        return 503 if status == 529 else status


class AllowsLongAnswers(TranslatingRelay):
    """A provider that needs a limit is given a high one."""

    providers: ClassVar[tuple[str, ...]] = ("anthropic",)

    def to_request(self, body: Json) -> Json:
        """Raise it, where the client names none."""
        names = {"max_tokens", "max_completion_tokens"}
        return super().to_request(body if names & body.keys() else {**body, "max_tokens": 64_000})


class KeepsConnectionsAlive(TranslatingRelay):
    """Pieces without anything in them come between the others."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        """Add them."""
        async for event in super().to_chunks(events, model, include_usage=include_usage):
            yield event
            if b'"finish_reason":null' in event.raw:
                yield _empty(event.json)


def _empty(chunk: Json) -> Event:
    return event_of({**chunk, "choices": [{**chunk["choices"][0], "delta": {}}]})


HONEST_TRANSLATIONS: tuple[type[TranslatingRelay], ...] = (
    TranslatingRelay,
    MovesLaterSystems,
    OffersNoneInsteadOfForbidding,
    WritesArgumentsWidely,
    CallsOverloadUnavailable,
    AllowsLongAnswers,
    KeepsConnectionsAlive,
)
