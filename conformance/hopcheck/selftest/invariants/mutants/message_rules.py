"""Relays that each break one rule of a Messages stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from hopcheck.authoring.mutants import RelayClass
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import event_of
from hopcheck_server.relay import Events, Relay

Json = dict[str, Any]

BOTH = ("messages.stream", "responses.stream")


def breaks(cause: str) -> Callable[[RelayClass], RelayClass]:
    """Register a relay that breaks the rule of that cause."""
    return invariant_mutant("stream-grammar", "messages.stream", cause=cause)


class TypedEvents(Relay):
    """Sends other events than it was given."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        """What is sent in the place of an event of that type."""
        yield payload

    async def events(self, events: Events) -> Events:
        async for event in events:
            for payload in self.sent(event.json["type"], event.json):
                yield event_of(payload, payload["type"])


@invariant_mutant("stream-grammar", *BOTH, cause="a stream is not UTF-8")
class CutsCharacters(Relay):
    """A character of a text isn't UTF-8."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            yield event.raw.replace(b'"Hel"', b'"Hel\xc3"')


@invariant_mutant("stream-grammar", *BOTH, cause="a stream ends within an event")
class EndsWithinAnEvent(Relay):
    """The blank line after the last event is left out."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            is_last = event.json["type"] in ("message_stop", "response.completed")
            yield event.raw[:-1] if is_last else event.raw


@breaks("a stream doesn't begin with one message_start")
class StartsTwice(TypedEvents):
    """`message_start` is sent twice."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "message_start":
            yield payload


@breaks("a block has another index than was expected")
class CountsBlocksFromOne(TypedEvents):
    """Blocks are counted from 1."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield {**payload, "index": payload["index"] + 1} if "index" in payload else payload


@breaks("something belongs to a block that isn't open")
class MisplacesDeltas(TypedEvents):
    """Deltas belong to the block after theirs."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield {**payload, "index": payload["index"] + 1} if kind == "content_block_delta" else payload


@breaks("a block has a delta of another type")
class SendsTextAsInput(TypedEvents):
    """Pieces of text come as pieces of a call's input."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        delta = payload.get("delta", {})
        is_text = delta.get("type") == "text_delta"
        yield {**payload, "delta": {"type": "input_json_delta", "partial_json": delta["text"]}} if is_text else payload


@breaks("there are two stop reasons")
class StopsForTwoReasons(TypedEvents):
    """The stop reason is sent twice."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "message_delta":
            yield payload


@breaks("a block follows the message_delta")
class AddsABlock(TypedEvents):
    """Once it is known why a message ends, an empty block follows."""

    blocks = 0

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        self.blocks = 0 if kind == "message_start" else self.blocks + (kind == "content_block_start")
        if kind == "message_delta":
            yield {"type": "content_block_start", "index": self.blocks, "content_block": {"type": "text", "text": ""}}
            yield {"type": "content_block_stop", "index": self.blocks}


@breaks("something follows message_stop")
class PingsAfterTheEnd(TypedEvents):
    """A ping follows `message_stop`."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "message_stop":
            yield {"type": "ping"}


@breaks("something follows an error")
class StopsAfterErrors(TypedEvents):
    """A stream that has failed ends like any other."""

    def sent(self, kind: str, payload: Json) -> Iterator[Json]:
        yield payload
        if kind == "error":
            yield {"type": "message_stop"}
