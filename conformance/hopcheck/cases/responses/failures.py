"""A provider that fails within a stream."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hopcheck import (
    Events,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    dig,
    edits,
    event_of,
    expect,
    reply,
)

BUSY = reply.error_story(429, {"message": "Too busy.", "code": "rate_limit_exceeded"})


@case(
    "responses.failing-stream",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming: response.failed", "codex: rate_limit_exceeded is waited for"],
    upstream=reply.chat("Hel", "lo", failure=BUSY),
)
async def failing_stream(target: Target, ask: Operation) -> Findings:
    """A provider's failure within a stream ends it as an error, with the provider's words and its code."""
    stream = await ask.stream()
    yield expect("failure", stream.shows_failure, equals=True)
    yield expect("message", dig(stream.error, "message"), contains="Too busy.", level="SHOULD")
    yield expect("code", dig(stream.error, "code"), equals="rate_limit_exceeded", level="SHOULD")


def _in_failures(payload: Any, **instead: Any) -> None:
    error = payload.get("error")
    if payload.get("object") == "response" and isinstance(error, dict):
        error.update(instead)


class _RewordsFailures(Relay):
    instead: Mapping[str, Any]

    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, lambda content: _in_failures(content, **self.instead))


@failing_stream.mutant(killed_by="message")
class SaysItFailed(_RewordsFailures):
    """No reason is given for a failure."""

    instead = MappingProxyType({"message": "The response failed."})


@failing_stream.mutant(killed_by="code")
class CallsAllServerErrors(_RewordsFailures):
    """Whatever failed, it was the server."""

    instead = MappingProxyType({"code": "server_error"})


@failing_stream.mutant(killed_by="failure")
class CompletesFailures(Relay):
    """A response that failed is completed with what there is."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if event.event == "response.failed":
                whole = {**event.json["response"], "status": "completed", "error": None}
                done = {**event.json, "type": "response.completed", "response": whole}
                yield event_of(done, "response.completed")
            else:
                yield event
