"""Mutants of the cases about how responses, streams and errors are translated."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from hopcheck import Event, Events, Failure, Piece, RelayedResponse, TranslatingRelay, edits, event_of, reply
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _RenamesStatus(TranslatingRelay):
    """Base of those that answer with another status."""

    statuses: ClassVar[Mapping[int, int]]

    def to_status(self, status: int) -> int:
        return self.statuses.get(status, status)


@violates("translation.parallel-calls")
class MakesTwoCalls(TranslatingRelay):
    """More than two calls are too many."""

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        return [piece for piece in found if all(call["index"] < 2 for call in piece.delta.get("tool_calls") or ())]


async def _without_the_next(events: Events) -> Events:
    """The events without those that follow a comment."""
    after_comment = False
    async for event in events:
        if not after_comment:
            yield event
        after_comment = event.data is None


@violates("translation.early-comment")
class LosesWhatFollowsAComment(TranslatingRelay):
    """The event after a comment is taken for a part of it."""

    providers = ("gemini",)

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        async for event in super().to_chunks(_without_the_next(events), model, include_usage=include_usage):
            yield event


@violates("translation.early-end")
class CallsEarlyEndsLimits(TranslatingRelay):
    """A response that isn't over has reached a limit."""

    async def to_chunks(self, events: Events, model: str, *, include_usage: bool) -> Events:
        try:
            async for event in super().to_chunks(events, model, include_usage=include_usage):
                yield event
        except Failure:
            yield event_of(reply.delta(finish="length"))


@violates("translation.error-in-stream")
class WritesErrorsIntoTheText(TranslatingRelay):
    """An error within a stream is the last words of the response."""

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        for piece in found:
            if piece.error is None:
                yield piece
            else:
                yield Piece(delta={"content": str(piece.error)})
                yield Piece(finish="stop", is_last=True)


@violates("translation.context-end")
class CallsFullContextsFiltered(TranslatingRelay):
    """What was cut off was filtered."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self._rename)

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield self._renamed(event)

    def _renamed(self, event: Event) -> Event:
        return edits.chunk(event, lambda chunk: [self._rename(choice) for choice in chunk["choices"]])

    def _rename(self, choice: Json) -> None:
        if choice["finish_reason"] == "length":
            choice["finish_reason"] = "content_filter"


@violates("translation.filtered-text")
class ForgetsFilteredTexts(TranslatingRelay):
    """The last piece before a filter is what was filtered."""

    providers = ("anthropic", "gemini", "openai_responses")

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self._shorten)

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["delta"].pop("content", None))

    def _shorten(self, choice: Json) -> None:
        if choice["finish_reason"] == "content_filter":
            choice["message"]["content"] = str(choice["message"]["content"])[:-1]


@violates("translation.malformed-call")
class CallsBrokenCallsCalls(TranslatingRelay):
    """A call that can't be read is one all the same."""

    providers = ("gemini",)

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        return [Piece(finish="tool_calls") if piece.error else piece for piece in found]


@violates("translation.too-large")
class CallsLargeRequestsFailures(_RenamesStatus):
    """What is too large is a failure of the provider's."""

    statuses = MappingProxyType({413: 502})


@violates("translation.overloaded")
class CallsOverloadALimit(_RenamesStatus):
    """A provider that is overloaded has limited this client."""

    statuses = MappingProxyType({529: 429})


@violates("translation.context-exceeded")
class CallsLongConversationsTooLarge(_RenamesStatus):
    """A conversation that is too long is a request that is too large."""

    statuses = MappingProxyType({400: 413})


@violates("translation.paused-turn")
class CallsPausesCalls(TranslatingRelay):
    """A turn that pauses has made calls."""

    providers = ("anthropic",)

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        return [replace(piece, finish="tool_calls") if piece.finish == "length" else piece for piece in found]


@violates("translation.signatures-in-ids")
class IsSignedByItsCalls(TranslatingRelay):
    """The signature of a thought is a part of the ids of its calls, and stays there."""

    providers = ("anthropic",)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.sign)

    def sign(self, message: Json) -> None:
        for block in message.get("thinking_blocks") or ():
            for call in message.get("tool_calls") or ():
                call["id"] += block["signature"]


@violates("translation.empty-response")
class SaysNothingTwice(TranslatingRelay):
    """A response without a text gets a blank one."""

    def to_pieces(self, found: Iterable[Piece]) -> Iterable[Piece]:
        return [replace(piece, delta={"content": " "}) if piece.finish == "stop" else piece for piece in found]


@violates("translation.refusal")
class RefusesInShort(TranslatingRelay):
    """Of a refusal, the first word is passed on."""

    providers = ("openai_responses",)

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.shorten)

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: self.shorten(choice["delta"]))

    def shorten(self, message: Json) -> None:
        message["refusal"] = str(message.get("refusal") or "").partition(" ")[0]
