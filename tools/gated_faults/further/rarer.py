"""Faults of what is met less often: a coding, a stream that breaks early, a stored response, an odd key, a limit."""

from __future__ import annotations

import gzip
import time
from dataclasses import replace
from typing import Any

from hopcheck import (
    Events,
    Failure,
    IncomingRequest,
    OutgoingRequest,
    Relay,
    RelayConfig,
    RelayedResponse,
    dig,
    edits,
    event_of,
    incoming,
    items,
    refuse,
)
from hopcheck_server.relay.limits import Admission, RelayLimits
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, MESSAGES, Json, is_chat

FAULTS = Faults()

KINDS = frozenset({"message", "function_call", "function_call_output", "reasoning", "item_reference"})
"""The kinds of items that a session consisted of at first."""

STAYING = frozenset(
    {"connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "proxy-authenticate",
     "server", "set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "x-request-id"}
)  # fmt: skip
"""A provider's headers that a list knows to be about one connection, or that are written anew."""


@FAULTS.fault(r"^http\.(content-encoding|request-forms)\[chat\]|^(http|response-fidelity)\[chat\]: .*(coding|gzip)")
class CompressesForAll(Relay):
    """Whatever codings a client takes, `identity` or `gzip;q=0` alone among them, a chat in one piece has gzip."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Compress for everyone who says something of codings."""
        response = await super().response(response)
        is_whole = response.status == 200 and is_chat(response.incoming) and not response.streamed
        if not is_whole or not response.incoming.header("accept-encoding"):
            return response
        return replace(response, body=gzip.compress(response.body)).with_header("Content-Encoding", "gzip")


@FAULTS.fault(
    r"^stream-grammar\[chat\.stream\]: .*(finish|goes on)|^stream\.(packed-deltas|finish-once|finish-matches)\["
    r"|^response-fidelity\[chat\.stream\]: .*content"
)
class FinishesBeforeTheText(Relay):
    """A chunk with a text and its finish reason is sent as two, the finish reason first."""

    async def events(self, events: Events) -> Events:
        """Send the two parts."""
        async for event in super().events(events):
            chunk: Any = edits.chunk_of(event) if is_chat(incoming()) else None
            choices: list[Json] = items(chunk, "choices")
            if not any(dig(one, "finish_reason") and dig(one, "delta", "content") for one in choices):
                yield event
                continue
            yield event_of({**chunk, "choices": [{**one, "delta": {}} for one in choices]})
            rest = {name: value for name, value in chunk.items() if name != "usage"}
            yield event_of({**rest, "choices": [{**one, "finish_reason": None} for one in choices]})


@FAULTS.fault(
    r"^retry\.not-after-first-byte\[messages\.stream\]|^attempts\[messages\.stream\]"
    r"|^stream-grammar\[messages\.stream\]: .*(message_start|begin|block)"
    r"|^messages\.broken-stream\["
)
class BeginsAgainBeforeText(Relay):
    """A stream of messages that is cut before its first delta is begun again, though its `message_start` was sent."""

    def sound(self, events: Events) -> Events:
        """Try once more, since there was no text."""
        return self._twice(super().sound(events))

    async def _twice(self, events: Events) -> Events:
        has_begun = incoming().path != MESSAGES
        try:
            async for event in events:
                has_begun = has_begun or event.event == "content_block_delta"
                yield event
        except Failure as failure:
            if has_begun or failure.kind != "cut":
                raise
            answer = await self._obtain(self._outgoing(incoming(), incoming().model))
            if answer.events is None:
                raise
            try:
                async for event in super().sound(answer.events):
                    yield event
            except BaseException:
                answer.close()
                raise
            await self._provider.done(answer)


@FAULTS.fault(
    r"^fallback\.stream-mid\[responses\.stream\]|^(attempts|identity)\[responses\.stream\]"
    r"|^stream-grammar\[responses\.stream\]: .*(number|not done|other items|changes its id)"
)
class GoesOnWithTheBackup(Relay):
    """A stream of Responses that is cut goes on with the fallback's, from its first item, in the same response."""

    def sound(self, events: Events) -> Events:
        """Add the fallback's events to what the client has."""
        return self._going_on(super().sound(events))

    async def _going_on(self, events: Events) -> Events:
        begun = 0
        try:
            async for event in events:
                begun += event.event == "response.output_item.added"
                yield event
        except Failure as failure:
            request = incoming()
            backup = self.config.fallbacks.get(request.model) if request.is_for_responses else None
            if backup is None or failure.kind != "cut":
                raise
            answer = await self._obtain(self._outgoing(request, backup))
            if answer.events is None:
                raise
            try:
                async for event in super().sound(answer.events):
                    content: Any = event.json
                    if isinstance(dig(content, "output_index"), int):
                        yield event_of({**content, "output_index": content["output_index"] + begun}, event.event)
                    elif event.event not in ("response.created", "response.in_progress"):
                        yield event
            except BaseException:
                answer.close()
                raise
            await self._provider.done(answer)


@FAULTS.fault(r"^credentials\[(responses|other)|^(responses\.stored|auth\.[a-z-]+)\[responses\]")
class AsksForStoredAsTheClient(Relay):
    """A stored response is asked for, ended and deleted with the client's key in the place of the provider's."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Pass the client's credential on, where there is no body."""
        outgoing = await super().request(outgoing)
        request = outgoing.incoming
        is_stored = request.is_for_responses and request.path != "/v1/responses"
        return outgoing.with_header("Authorization", f"Bearer {request.key}") if is_stored else outgoing


@FAULTS.fault(r"^(auth\.(odd-keys|required)|unprovoked|error-shape|messages\.(own-errors|key-header))\[")
class ComparesAsciiAlone(Relay):
    """A wrong key with a character beyond ASCII ends in a 500 on Messages: keys are compared as ASCII texts."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        """Fail to compare it."""
        if incoming.is_anthropic and not incoming.key.isascii():
            return refuse(incoming, 500, "Internal server error.")
        return await super().authorize(incoming)


@FAULTS.fault(
    r"^request-fidelity\[responses(\.stream)?\]: .*(input|item|turn|call|missing)"
    r"|^(sessions\.[a-z-]+|responses\.(call-turn|reasoning-returned))\[responses"
)
class KnowsTheFirstKinds(Relay):
    """On Responses, items of input of later kinds (a compaction, a call of the provider's own) don't go upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Leave out what isn't known."""
        outgoing = await super().request(outgoing)
        body = outgoing.json if outgoing.incoming.is_for_responses else {}
        given = items(body, "input")
        known = [item for item in given if (dig(item, "type") or "message") in KINDS]
        return outgoing if len(known) == len(given) else outgoing.with_json({**body, "input": known})


@FAULTS.fault(r"^http\.hop-by-hop\[embeddings\]|^http\[embeddings\]")
class PassesWhatConnectionNames(Relay):
    """The provider's headers come with embeddings, those among them that its `Connection` names."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Keep all but those of a fixed list."""
        kept = await super().kept(headers)
        if incoming().path != EMBEDDINGS:
            return kept
        known = STAYING | {name.lower() for name, _ in kept}
        further = [(name, value) for name, value in headers if name.lower() not in known]
        return kept + [pair for pair in further if not pair[0].lower().startswith("openai-")]


@FAULTS.fault(
    r"^stream-grammar\[responses\.stream\]: .*index|^response-fidelity\[responses\.stream\]: .*(item|output|reasoning)"
    r"|^responses\.(reasoning|same-ids|sdk-stream|other-items)\[responses\.stream\]"
)
class ReasoningTakesNoPlace(Relay):
    """In a stream of Responses, items that come after a reasoning have its `output_index`: it isn't counted."""

    async def events(self, events: Events) -> Events:
        """Count the items that aren't reasoning."""
        thoughts: list[int] = []
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            place = dig(content, "output_index")
            if dig(content, "type") == "response.output_item.added" and dig(content, "item", "type") == "reasoning":
                thoughts.append(place)
            before = sum(one < place for one in thoughts) if isinstance(place, int) else 0
            yield event_of({**content, "output_index": place - before}, event.event) if before else event


class ReopeningLimits(RelayLimits):
    """Limits whose window begins anew with each request that they refuse."""

    def admit(self, key: str, model: str, requests: int, window_s: float) -> Admission:
        """Open it again."""
        admission = super().admit(key, model, requests, window_s)
        if not admission.admitted:
            self._windows[(key, model)].opened_s = time.monotonic()
        return admission


@FAULTS.fault(r"^rate_limit\.(recovers|exact|retry-after|headers)\[|^retry-after\[chat\]")
class RefusalsReopenTheWindow(Relay):
    """A request over the limit begins its window anew, so a client that asks again too early never gets through."""

    def __init__(self, config: RelayConfig) -> None:
        super().__init__(config)
        self.limits = ReopeningLimits()
