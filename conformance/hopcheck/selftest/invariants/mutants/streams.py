"""Relays that break the grammar of streams."""

from __future__ import annotations

from typing import Any

from hopcheck.authoring import edits
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import DONE, event_of
from hopcheck_server.relay import Events, Relay

GRAMMAR = ("stream-grammar", "chat.stream")


@invariant_mutant(*GRAMMAR)
class EndsTwice(Relay):
    """`[DONE]` is sent twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE


@invariant_mutant(*GRAMMAR)
class NeverEnds(Relay):
    """`[DONE]` is left out."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if not event.is_done:
                yield event


@invariant_mutant(*GRAMMAR)
class GoesOn(Relay):
    """What a stream has cost follows its end."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield event_of({"cost": 0})


@invariant_mutant(*GRAMMAR)
class NumbersChunks(Relay):
    """Every chunk has an id of its own."""

    def events(self, events: Events) -> Events:
        number = 0

        def edit(chunk: dict[str, Any]) -> None:
            nonlocal number
            number += 1
            chunk["id"] = f"{chunk['id']}-{number}"

        return edits.chunks(events, edit)


@invariant_mutant(*GRAMMAR)
class FinishesTwice(Relay):
    """The chunk with the finish reason is sent twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            chunk = edits.chunk_of(event)
            if chunk and edits.finishes(chunk):
                yield event


@invariant_mutant(*GRAMMAR)
class NeverFinishes(Relay):
    """The chunks with finish reasons are left out."""

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, edits.finishes)


@invariant_mutant(*GRAMMAR)
class RepeatsUsage(Relay):
    """The usage is on every chunk."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(usage=chunk.get("usage") or {
            "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2
        }))  # fmt: skip


@invariant_mutant(*GRAMMAR)
class LosesUsage(Relay):
    """The usage is left out, though it was asked for."""

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, lambda chunk: chunk.get("usage") and not chunk["choices"])


@invariant_mutant(*GRAMMAR)
class GoesOnAfterAnError(Relay):
    """A stream that broke says `[DONE]` twice after its error."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if isinstance(event.json, dict) and event.json.get("error"):
                yield DONE
                yield DONE
