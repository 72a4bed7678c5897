"""Token counts in a chat stream."""

from collections.abc import Mapping
from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, dig, edits, expect, function_tools, incoming, items, reply

GREETING = reply.stream("Hel", "lo")
COUNTS = dict(reply.USAGE)
TRIPPED = ("stream.*", "fallback.stream-pre-first")
ASKED = {"include_usage": True}


def counts(piece: Mapping[str, Any]) -> dict[str, Any]:
    """A chunk's three counts; vendors may say more."""
    return {name: dig(piece, "usage", name) for name in COUNTS}


@case(
    "stream.usage-chunk",
    level="MUST",
    refs=["OAI stream_options", "litellm#8450", "litellm#28735"],
    upstream={"": GREETING, "call": reply.stream("Well: ", tools=[reply.call("look_up", "{}")])},
)
async def usage_chunk(target: Target) -> Findings:
    """With `include_usage`, the last chunk brings the provider's counts, once, and has no choices."""
    pieces = (await target.chat.stream(stream_options=ASKED)).pieces
    called = (await target.chat.stream(script="call", stream_options=ASKED, tools=function_tools("look_up"))).usages
    last = pieces[-1] if pieces else {}
    yield expect("counts of the last chunk", counts(last), equals=COUNTS)
    yield expect("its choices", last.get("choices"), equals=[])
    alone = [piece for piece in pieces if piece.get("usage") and not (edits.text_of(piece) or edits.finishes(piece))]
    yield expect("chunks that bring only counts", len(alone), equals=1)
    yield expect("counts after a call", [{name: dig(one, name) for name in COUNTS} for one in called], equals=[COUNTS])


@usage_chunk.mutant(killed_by="counts of the last chunk", trips=TRIPPED)
class LosesUsage(Relay):
    """Chunks without choices are dropped, and the token counts with them."""

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, lambda chunk: not chunk["choices"])


@usage_chunk.mutant(killed_by="counts after a call")
class CountsTextAlone(Relay):
    """A stream with a call has no counts."""

    async def events(self, events: Events) -> Events:
        calls = False
        async for event in events:
            chunk = edits.chunk_of(event) or {"choices": []}
            calls = calls or any(dig(choice, "delta", "tool_calls") for choice in chunk["choices"])
            if not (calls and chunk.get("usage")):
                yield event


@usage_chunk.mutant(killed_by="counts of the last chunk", trips=TRIPPED)
class CountsAgain(Relay):
    """The counts are those of the gateway's own tokenizer."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.get("usage") and chunk["usage"].update(completion_tokens=9))


@usage_chunk.mutant(killed_by="its choices")
class AddsAnEmptyChoice(Relay):
    """The chunk with the counts has a choice with an empty delta, which clients take for an unfinished one."""

    def events(self, events: Events) -> Events:
        empty = [{"index": 0, "delta": {}}]
        return edits.chunks(events, lambda chunk: chunk.update(choices=chunk["choices"] or empty))


@usage_chunk.mutant(killed_by="chunks that bring only counts", trips=("fallback.stream-pre-first",))
class CountsTwice(Relay):
    """The chunk with the counts is sent twice, and clients add them up."""

    def events(self, events: Events) -> Events:
        return edits.add_before_done(events, lambda last: last if last.get("usage") and not last["choices"] else None)


@case("stream.usage-null-others", level="SHOULD", refs=["OAI stream_options"], upstream=GREETING)
async def usage_null_others(target: Target) -> Findings:
    """With `include_usage`, no chunk but the one with the counts says a usage other than null."""
    pieces = (await target.chat.stream(stream_options=ASKED)).pieces
    early = [piece.get("usage") for piece in pieces if edits.text_of(piece)]
    yield expect("usage of chunks with text", early, holds=bool(early) and not any(early), to="null or absent in each")


@usage_null_others.mutant(killed_by="usage of chunks with text", trips=TRIPPED)
class KeepsCounting(Relay):
    """Every chunk says how many tokens it has been so far."""

    def events(self, events: Events) -> Events:
        so_far = {**COUNTS, "completion_tokens": 1}
        return edits.chunks(events, lambda chunk: chunk.update(usage=so_far) if edits.text_of(chunk) else None)


@case(
    "stream.usage-not-asked",
    level="SHOULD",
    refs=["foundry-local#905", "llmeter#34", "litellm#35290"],
    upstream=GREETING,
)
async def usage_not_asked(target: Target) -> Findings:
    """Without `include_usage` no chunk without choices comes, as clients read `choices[0]` of each."""
    streams = [await target.chat.stream(), await target.chat.stream(stream_options={"include_usage": False})]
    sizes = [len(items(piece, "choices")) for stream in streams for piece in stream.pieces]
    yield expect("choices of each chunk", sizes, holds=bool(sizes) and all(sizes), to="one at least in each")


@usage_not_asked.mutant(killed_by="choices of each chunk")
class AlwaysCounts(Relay):
    """A chunk with the counts is sent whether it was asked for or not."""

    def events(self, events: Events) -> Events:
        if (incoming().json or {}).get("stream_options"):
            return events
        return edits.add_before_done(events, lambda last: {**last, "choices": [], "usage": COUNTS})
