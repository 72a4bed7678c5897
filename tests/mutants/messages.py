"""Mutants of the cases about what a message of Anthropic's has, and how it ends."""

from typing import Any

from hopcheck import (
    EditsObjects,
    Events,
    Failure,
    IncomingRequest,
    Relay,
    RelayedResponse,
    dig,
    edits,
    event_of,
    refuse,
)
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


@violates("messages.calls")
class CallsWithoutPlans(EditsObjects):
    """What a call is given is empty."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "tool_use":
            content["input"] = {}
        if content.get("type") == "input_json_delta":
            content["partial_json"] = ""


@violates("messages.content-exact")
class UnifiesLineEnds(EditsObjects):
    """Carriage returns are removed."""

    def edit(self, content: Json) -> None:
        edits.text(content, lambda text: text.replace("\r", ""))


@violates("messages.count-tokens")
class RoundsCounts(EditsObjects):
    """Counts are rounded to hundreds."""

    def edit(self, content: Json) -> None:
        if isinstance(content.get("input_tokens"), int):
            content["input_tokens"] = round(content["input_tokens"], -2)


@violates("messages.empty-content")
class PausesOnNothing(EditsObjects):
    """A message that ended without blocks has been paused."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "end_turn":
            content["stop_reason"] = "pause_turn"


@violates("messages.other-blocks")
class ClosesSources(EditsObjects):
    """What is encrypted in the results of a search is left out."""

    def edit(self, content: Json) -> None:
        content.pop("encrypted_content", None)
        content.pop("cited_text", None)


@violates("messages.redacted-thinking")
class CallsItThinking(EditsObjects):
    """Redacted thinking is an empty thought."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "redacted_thinking":
            content.update(type="thinking", thinking="", signature="")


@violates("messages.stop-reasons")
class RefusesQuietly(EditsObjects):
    """A refusal is the end of a turn."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "refusal":
            content["stop_reason"] = "end_turn"


@violates("messages.stop-sequence")
class StopsByItself(EditsObjects):
    """A message that a sequence ended has just ended."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "stop_sequence":
            content["stop_reason"] = "end_turn"


@violates("messages.thinking")
class SignsInCapitals(EditsObjects):
    """Signatures are written in capitals."""

    def edit(self, content: Json) -> None:
        if content.get("signature"):
            content["signature"] = content["signature"].upper()


@violates("messages.usage")
class ReadsNoCaches(EditsObjects):
    """What was read from a cache is fresh input."""

    def edit(self, content: Json) -> None:
        if content.get("cache_read_input_tokens"):
            content["input_tokens"] += content.pop("cache_read_input_tokens")


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


@violates("messages.own-errors")
class RefusesInText(Relay):
    """An unknown model is refused in plain text."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or refusal.status != 404 or not incoming.model:
            return refusal
        return RelayedResponse(incoming, 404, [("Content-Type", "text/plain")], b"no such model")


@violates("messages.overloaded")
class SaysUnavailable(Relay):
    """An overloaded provider is unavailable."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return refuse(incoming, 503, "Overloaded") if failure.status == 529 else response


@violates("messages.error-types")
class ForbidsNothing(Relay):
    """What is forbidden isn't found."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 404 if failure.status == 403 else response.status
        return response


@violates("messages.limit-headers")
class CountsItsOwnLimits(Relay):
    """How many requests are left is the gateway's own count."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        name = "anthropic-ratelimit-requests-remaining"
        return response.with_header(name, "1000") if response.header(name) else response


@violates("messages.key-header")
class ForgetsToCheck(Relay):
    """A key in `x-api-key` is passed over, and a request without another key is anybody's."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.header("authorization") else None


@violates("messages.limit-headers")
class ComesBackAtOnce(Relay):
    """A refusal may be tried again at once."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_limit = response.status == 429 and dig(response.json, "error", "type") == "rate_limit_error"
        return response.with_header("Retry-After", "0") if is_limit else response
