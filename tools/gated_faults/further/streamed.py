"""Streams that lose something, for one kind of delta, one size or one ending alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakSet

from hopcheck import Events, OutgoingRequest, Relay, dig, edits, event_of, incoming, items
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import MESSAGES, Json, is_chat

FAULTS = Faults()

JOINER = "\u200d"
"""Joins emoji to one, and letters of some scripts; a filter of invisible characters takes it out."""

LONGEST_INPUT = 2_048
"""Characters of a call's input that a buffer has room for."""

RING = 256
"""The number of events that are kept for clients that go on after a break."""


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[messages\.stream\]: .*thinking"
    r"|^messages\.(thinking|other-blocks)\[messages\.stream"
)
class ThinksWithoutBreaks(Relay):
    """In a stream of messages, a delta of thinking that is white space alone, such as an empty line, is dropped."""

    async def events(self, events: Events) -> Events:
        """Drop what looks empty."""
        async for event in super().events(events):
            thought = dig(event.json, "delta", "thinking") if incoming().path == MESSAGES else None
            if not (isinstance(thought, str) and thought and not thought.strip()):
                yield event


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[chat\.stream\]: .*(tool.?call|\bcalls?\b)"
    r"|^(stream\.n-choices|tools\.stream-[a-z-]+)\["
)
class CallsAreTheFirstChoices(Relay):
    """In a stream of several choices, the calls of further choices come under the first one's index."""

    async def events(self, events: Events) -> Events:
        """Put calls into the first choice."""
        async for event in super().events(events):
            chunk = edits.chunk_of(event) or {}
            further = [one for one in items(chunk, "choices") if dig(one, "index") and dig(one, "delta", "tool_calls")]
            for choice in further:
                choice["index"] = 0
            yield event_of(chunk) if further else event


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[responses\.stream\]: .*(text|piece|delta|content)"
    r"|^responses\.(content-exact|pieces)\["
)
class TakesJoinersOut(Relay):
    """On Responses, the deltas of a text lose their zero-width joiners, which make one emoji of several."""

    async def events(self, events: Events) -> Events:
        """Take them out of deltas; the whole text keeps them."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            delta = dig(content, "delta")
            if dig(content, "type") == "response.output_text.delta" and isinstance(delta, str) and JOINER in delta:
                yield event_of({**content, "delta": delta.replace(JOINER, "")}, event.event)
            else:
                yield event


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[chat\.stream\]: .*usage"
    r"|^stream\.(usage-[a-z-]+|nonstream-parity)\[[^]]*\]: .*(usage|count|token)"
)
class CallsCostNothing(Relay):
    """A stream of chats that ends with a call has no counts, though they were asked for."""

    async def events(self, events: Events) -> Events:
        """Drop the counts after a finish reason of `tool_calls`."""
        called = False
        async for event in super().events(events):
            chunk: Json = edits.chunk_of(event) or {}
            if not (called and chunk.get("usage") and not chunk["choices"]):
                yield event
            called = called or any(dig(one, "finish_reason") == "tool_calls" for one in items(chunk, "choices"))


@FAULTS.fault(
    r"^(response-fidelity|stream-grammar)\[messages\.stream\]: .*(input|tool_use|JSON|json)"
    r"|^(messages\.(input-pieces|calls)|sessions\.parallel-calls)\["
)
class LongInputsAreCut(Relay):
    """In a stream of messages, a call's input ends after 2,048 characters, and its block as if it were whole."""

    async def events(self, events: Events) -> Events:
        """Drop the pieces that there is no room for."""
        sizes: Counter[Any] = Counter()
        async for event in super().events(events):
            content: Any = event.json if incoming().path == MESSAGES else None
            piece = dig(content, "delta", "partial_json")
            block = dig(content, "index")
            sizes[block] += len(piece) if isinstance(piece, str) else 0
            if not piece or sizes[block] <= LONGEST_INPUT:
                yield event


@FAULTS.fault(r"^cleanup\[[a-z.]*stream\]|^cancel\.")
class FinishesToolTurns(Relay):
    """A stream with tools is read to its end after its client has left."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """Note who works for a request with tools."""
        outgoing = await super().request(outgoing)
        if outgoing.incoming.streams and outgoing.json.get("tools"):
            self._with_tools().add(asyncio.current_task())
        return outgoing

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        """Let those go on."""
        if work not in self._with_tools():
            await super().hang_up(work)

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        """Read on without writing once the client has left."""
        request = incoming()
        has_tools = bool((request.json or {}).get("tools"))
        async for frame in super().frames(events):
            if not (has_tools and request.exchange.is_closed):
                yield frame

    def _with_tools(self) -> WeakSet[Any]:
        tasks: WeakSet[Any] = self.__dict__.setdefault("with_tools", WeakSet())
        return tasks


@FAULTS.fault(r"^stream-grammar\[responses\.stream\]: .*(number|sequence)|^responses\.sequence-numbers\[")
class NumbersGoRound(Relay):
    """In a long stream of Responses, `sequence_number` begins again at 0 after 256 events."""

    async def events(self, events: Events) -> Events:
        """Number by the place in a ring."""
        async for event in super().events(events):
            content: Any = event.json if incoming().is_for_responses else None
            number = dig(content, "sequence_number")
            if isinstance(number, int) and number >= RING:
                yield event_of({**content, "sequence_number": number % RING}, event.event)
            else:
                yield event


@FAULTS.fault(
    r"^response-fidelity\[chat\.stream\]: .*content"
    r"|^(stream\.(packed-deltas|content-exact|nonstream-parity)|tools\.text-[a-z-]+)\["
)
class CallsTakeTheTextsPlace(Relay):
    """In a stream of chats, a delta with a text and a call loses the text."""

    async def events(self, events: Events) -> Events:
        """Take it out of the delta."""
        async for event in super().events(events):
            chunk = edits.chunk_of(event) if is_chat(incoming()) else None
            deltas = [dig(one, "delta") for one in items(chunk, "choices")]
            full = [one for one in deltas if dig(one, "tool_calls") and dig(one, "content")]
            for delta in full:
                del delta["content"]
            yield event_of(chunk) if full else event
