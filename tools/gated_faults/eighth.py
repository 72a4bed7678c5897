"""The eighth relay's faults: messages, streams of messages, and counts of tokens."""

from __future__ import annotations

import asyncio

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, edits, event_of
from tools.gated_faults.fault import Faults
from tools.gated_faults.fifth import EditsRequests
from tools.gated_faults.parts import COUNTS, MESSAGES, Json, objects

FAULTS = Faults()


class EditsAnthropic(EditsRequests):
    """Base of those that change a request for a message."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Change it, if it is one."""
        super().edit(body, outgoing)
        if outgoing.incoming.path == MESSAGES:
            self.edit_message(body)

    def edit_message(self, body: Json) -> None:
        """Change it in place."""


class EditsTypedEvents(Relay):
    """Base of those that change the events of a message's stream."""

    async def events(self, events: Events) -> Events:
        """Change each."""
        async for event in super().events(events):
            content = event.json
            if isinstance(content, dict) and event.event and not self.edit_event(content):
                yield event if content == event.json else event_of(content, event.event)
            elif not isinstance(content, dict) or not event.event:
                yield event

    def edit_event(self, content: Json) -> bool | None:
        """Change it in place; True leaves it out."""


def blocks(body: Json) -> list[Json]:
    """All blocks of a request's system and messages."""
    return [one for one in objects([body.get("system"), body.get("messages")]) if "type" in one]


@FAULTS.fault(r"^request-fidelity\[messages.*: messages\[\]\.content\[\]\.signature")
class ForgetsSignatures(EditsAnthropic):
    """The signature of a thought in the history is left out."""

    def edit_message(self, body: Json) -> None:
        """Leave it out."""
        super().edit_message(body)
        for block in blocks(body):
            if block["type"] == "thinking":
                block.pop("signature", None)


@FAULTS.fault(r"^messages\.cache-control\[.*: system")
class UnmarksCaches(EditsAnthropic):
    """Marks for prompt caches in the system's blocks are left out."""

    def edit_message(self, body: Json) -> None:
        """Leave them out."""
        super().edit_message(body)
        for block in body["system"] if isinstance(body.get("system"), list) else ():
            block.pop("cache_control", None)


@FAULTS.fault(r"^request-fidelity\[messages.*: messages\[\]\.content\[\]\.is_error")
class CallsErrorsResults(EditsAnthropic):
    """A tool's result isn't marked as an error any more."""

    def edit_message(self, body: Json) -> None:
        """Unmark it."""
        super().edit_message(body)
        for block in blocks(body):
            if block["type"] == "tool_result":
                block.pop("is_error", None)


@FAULTS.fault(r"^request-fidelity\[messages.*: stop_sequences")
class StopsNowhere(EditsAnthropic):
    """Stop sequences of a message aren't sent on."""

    def edit_message(self, body: Json) -> None:
        """Leave them out."""
        super().edit_message(body)
        body.pop("stop_sequences", None)


@FAULTS.fault(r"^request-fidelity\[messages.*: top_k")
class KnowsNoTopK(EditsAnthropic):
    """`top_k` isn't sent on, as OpenAI's API has no such field."""

    def edit_message(self, body: Json) -> None:
        """Leave it out."""
        super().edit_message(body)
        body.pop("top_k", None)


@FAULTS.fault(r"^messages\.fields\[.*: tools changed")
class AllowsParallelUse(EditsAnthropic):
    """That tools may not be used in parallel isn't sent on."""

    def edit_message(self, body: Json) -> None:
        """Leave it out."""
        super().edit_message(body)
        if isinstance(body.get("tool_choice"), dict):
            body["tool_choice"].pop("disable_parallel_tool_use", None)


@FAULTS.fault(r"^request-fidelity\[count_tokens\]: tools")
class CountsNoTools(EditsRequests):
    """A count of tokens is asked for without the tools."""

    def edit(self, body: Json, outgoing: OutgoingRequest) -> None:
        """Leave them out."""
        super().edit(body, outgoing)
        if outgoing.incoming.path == COUNTS:
            body.pop("tools", None)


@FAULTS.fault(r"^messages\.api-version\[.*: betas")
class KnowsOneBeta(Relay):
    """Of the betas that a client names, the first one is sent on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out the rest."""
        outgoing = await super().request(outgoing)
        betas = outgoing.incoming.header("anthropic-beta")
        return outgoing.with_header("anthropic-beta", betas.split(",")[0]) if betas else outgoing


@FAULTS.fault(r"^response-fidelity\[messages\.stream\]: content\[\]\.signature")
class StreamsNoSignatures(EditsTypedEvents):
    """The signature of a thought isn't streamed."""

    def edit_event(self, content: Json) -> bool | None:
        """Leave it out."""
        return super().edit_event(content) or (content.get("delta") or {}).get("type") == "signature_delta"


@FAULTS.fault(r"^messages\.stop-sequence\[messages\]")
class NullsStops(Relay):
    """Which stop sequence ended a message isn't passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Make it null."""
        return edits.body(
            await super().response(response),
            lambda body: body.get("stop_sequence") and body.update(stop_sequence=None),
            having="stop_sequence",
        )


@FAULTS.fault(r"^response-fidelity\[messages\]: usage\.cache_read")
class HidesCaches(Relay):
    """How many tokens of a message were read from a cache isn't passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Leave it out."""
        return edits.body(
            await super().response(response),
            lambda body: isinstance(body["usage"], dict) and body["usage"].pop("cache_read_input_tokens", None),
            having="usage",
        )


@FAULTS.fault(r"^response-fidelity\[messages\.stream\]: usage\.output_tokens")
class CountsNoOutput(EditsTypedEvents):
    """The last counts of a message's stream are zero."""

    def edit_event(self, content: Json) -> bool | None:
        """Make them zero."""
        if content.get("type") == "message_delta" and "output_tokens" in (content.get("usage") or {}):
            content["usage"]["output_tokens"] = 0
        return super().edit_event(content)


@FAULTS.fault(r"^error-shape\[messages\.stream\]")
class GeneralizesErrorsMidway(EditsTypedEvents):
    """Every error in the middle of a message's stream is an `api_error`."""

    def edit_event(self, content: Json) -> bool | None:
        """Change its type."""
        if content.get("type") == "error" and isinstance(content.get("error"), dict):
            content["error"]["type"] = "api_error"
        return super().edit_event(content)


@FAULTS.fault(r"^retry-after\[messages|^(errors|rate_limit|messages)\..*retry-after\[messages|^messages\.overloaded")
class SaysNothingOfWaiting(Relay):
    """A provider's Retry-After isn't passed on with an error about a message."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        """Leave it out."""
        response = await super().failed(incoming, failure)
        return response.with_header("retry-after", None) if incoming.path == MESSAGES else response


@FAULTS.fault(r"^stream-grammar\[messages\.stream\]: an event's line")
class PingsWithoutName(Relay):
    """A ping has no `event` line."""

    async def events(self, events: Events) -> Events:
        """Leave it out."""
        async for event in super().events(events):
            yield event_of(event.json) if event.event == "ping" else event


@FAULTS.fault(r"^cancel\..*\[messages\.stream\]")
class ReadsMessagesToTheirEnd(Relay):
    """A client that leaves a message's stream doesn't end it."""

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Note which task answers what."""
        if incoming.path == MESSAGES:
            self.__dict__.setdefault("on_messages", set()).add(asyncio.current_task())
        return await super().limit(incoming)

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """Let it go on."""
        if work not in self.__dict__.get("on_messages", ()):
            await super().hang_up(work)


@FAULTS.fault(r"^messages\.input-pieces")
class LosesTheLastPieceOfInput(EditsTypedEvents):
    """The end of a call's input is lost if it is one character."""

    def edit_event(self, content: Json) -> bool | None:
        """Lose it."""
        delta = content.get("delta") or {}
        is_short = delta.get("type") == "input_json_delta" and len(delta.get("partial_json") or "") == 1
        return super().edit_event(content) or is_short
