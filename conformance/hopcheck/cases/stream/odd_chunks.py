"""Chunks that providers really send, and that naive readers stumble over."""

from collections.abc import Callable
from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, edits, expect, reply

WHOLE = {"text": "Hello", "finish": "stop", "done": True}
FILTERED = {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]}


async def stumble(events: Events, over: Callable[[edits.Chunk], Any]) -> Events:
    """Stop for good at the first chunk of which something is true, as a reader does that raises there."""
    async for event in events:
        chunk = edits.chunk_of(event)
        if chunk is not None and over(chunk):
            return
        yield event


@case(
    "stream.empty-choices-tolerated",
    level="MUST",
    refs=["litellm#27968", "litellm#27971", "speak-gpt#162"],
    upstream=reply.events(
        FILTERED,
        reply.delta(role="assistant", content=""),
        reply.delta(content="Hel"),
        {"choices": []},
        reply.delta(content="lo"),
        reply.delta(finish="stop"),
        {"choices": []},
    ),
)
async def empty_choices(target: Target) -> Findings:
    """Chunks without choices, wherever they stand in a provider's stream, do no harm to the response."""
    yield expect("answer", (await target.chat.stream()).summary, equals=WHOLE)


@empty_choices.mutant(killed_by="answer")
class ReadsTheFirstChoice(Relay):
    """`choices[0]` is read of every chunk that brings no counts, and its absence ends the stream."""

    def sound(self, events: Events) -> Events:
        return stumble(super().sound(events), lambda chunk: not chunk["choices"] and not chunk.get("usage"))


@case(
    "stream.delta-empty",
    level="MUST",
    refs=["mlflow#24111"],
    upstream=reply.events(
        reply.delta(role="assistant", content=None),
        {"choices": [{"index": 0, "delta": {}}]},
        reply.delta(content=""),
        {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
        reply.delta(content=None),
        reply.delta(),
        reply.delta(content="lo"),
        reply.delta(finish="stop"),
    ),
)
async def delta_empty(target: Target) -> Findings:
    """Deltas that are empty, whose content is empty or null, or that have no `finish_reason` do no harm."""
    yield expect("answer", (await target.chat.stream()).summary, equals=WHOLE)


@delta_empty.mutant(killed_by="answer")
class ReadsTheFinishReason(Relay):
    """`finish_reason` is read of every choice, and its absence ends the stream."""

    def sound(self, events: Events) -> Events:
        return stumble(
            super().sound(events),
            lambda chunk: any("finish_reason" not in choice for choice in chunk["choices"]),
        )


@delta_empty.mutant(killed_by="answer")
class WritesNullAsText(Relay):
    """A content of null that comes after the first delta is written out as `None`."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(
            events,
            lambda choice: choice["delta"] == {"content": None} and choice["delta"].update(content="None"),
        )


@case(
    "stream.obfuscation",
    level="MAY",
    refs=["OAI include_obfuscation"],
    upstream=reply.stream("Hel", "lo", extra={"obfuscation": "aJ3xQ"}),
)
async def obfuscation(target: Target) -> Findings:
    """Chunks with the padding field `obfuscation` reach the client as others do."""
    yield expect("answer", (await target.chat.stream()).summary, equals=WHOLE)


@obfuscation.mutant(killed_by="answer")
class RefusesUnknownFields(Relay):
    """Chunks are read by a strict model, which a field that it doesn't know makes fail."""

    def sound(self, events: Events) -> Events:
        return stumble(super().sound(events), lambda chunk: "obfuscation" in chunk)
