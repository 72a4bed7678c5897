"""Mutants of the cases about streams of Anthropic's messages."""

from typing import Any

from hopcheck import (
    EditsObjects,
    Events,
    Failure,
    IncomingRequest,
    Relay,
    RelayedResponse,
    edits,
    event_of,
)
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


@violates("messages.broken-stream")
class CallsCutsLong(Relay):
    """A stream that broke was too long."""

    async def broken(self, failure: Failure) -> Events:
        for event in edits.ending():
            if event.event == "message_delta":
                delta = {"stop_reason": "max_tokens", "stop_sequence": None}
                yield event_of({**event.json, "delta": delta}, event.event)
            else:
                yield event


@violates("messages.broken-stream")
class FinishesFailures(Relay):
    """A failure within a stream ends it well."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if event.event != "error":
                yield event
                continue
            for last in edits.ending():
                yield last


@violates("messages.error-first")
class StopsAtOnce(Relay):
    """A stream that begins with an error is a message that has ended."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "error-event":
            return response
        response.status, response.body = 200, b"".join(event.raw for event in edits.ending())
        return response.with_header("Content-Type", "text/event-stream")


@violates("messages.input-pieces")
class QuotesPieces(EditsObjects):
    """Quotation marks in the pieces of an input are escaped."""

    def edit(self, content: Json) -> None:
        if content.get("partial_json"):
            content["partial_json"] = content["partial_json"].replace('"', '\\"')


@violates("messages.pieces")
class LosesTheLastPiece(Relay):
    """The last piece of a text is lost."""

    async def events(self, events: Events) -> Events:
        held = None
        async for event in events:
            is_text = bool(edits.text_of(event.json))
            if held is not None and is_text:
                yield held
            held = event if is_text else None if event.event == "content_block_stop" else held
            if not is_text:
                yield event


@violates("messages.pings")
class AnswersPings(Relay):
    """A ping becomes a piece of text."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.text_event(".") if event.event == "ping" else event


@violates("messages.unknown-events")
class TranslatesTheUnknown(Relay):
    """Events of unknown types become pings."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            is_known = str(event.event).startswith(("message", "content", "ping", "error"))
            yield event if is_known else event_of({"type": "ping"}, "ping")


@violates("messages.usage-at-start")
class StartsWithOutput(EditsObjects):
    """At first, the input isn't counted."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "message_start":
            content["message"]["usage"]["input_tokens"] = 1
