"""Events that hold more than one thing."""

from typing import Any

from hopcheck import Events, Findings, Relay, Target, case, edits, expect, function_tools, items, reply

CALLS = [
    {"index": place, "id": f"call_hop{place}", "type": "function", "function": {"name": name, "arguments": "{}"}}
    for place, name in enumerate(("clock", "weather", "diary"))
]

PACKED = {
    "calls": reply.events(
        reply.delta(role="assistant", content=None),
        reply.delta(tool_calls=CALLS),
        reply.delta(finish="tool_calls"),
    ),
    "at-the-end": reply.events(
        reply.delta(role="assistant", content="Hel"),
        reply.delta(content="lo", finish="stop"),
    ),
    "call-at-the-end": reply.events(
        reply.delta(role="assistant", content=None),
        reply.delta(tool_calls=CALLS[:1], finish="tool_calls"),
    ),
    "call-and-text": reply.events(
        reply.delta(role="assistant", content="Hel"),
        reply.delta(content="lo", tool_calls=CALLS[:1]),
        reply.delta(finish="tool_calls"),
    ),
    "at-once": reply.events(reply.delta(role="assistant", content="Hello", finish="stop")),
}
"""Chunks as other providers than OpenAI make them."""


@case(
    "stream.packed-deltas",
    level="MUST",
    refs=["litellm#9925", "gemini: a whole call in one chunk", "vllm: text with the finish reason"],
    upstream=PACKED,
    trips_on=["tools.*:*"],
)
async def packed_deltas(target: Target) -> Findings:
    """Several calls in one delta, text next to a call, and either with the finish reason, arrive like any others."""
    offered: Any = function_tools("clock", "weather", "diary")
    streams = {name: await target.chat.stream(script=name, tools=offered) for name in PACKED}
    names = [call["name"] for call in streams["calls"].tool_calls()]
    yield expect("calls of one delta", names, equals=["clock", "weather", "diary"])
    texts = {name: streams[name].joined() for name in ("at-the-end", "at-once")}
    yield expect("text with the finish reason", texts, equals=dict.fromkeys(texts, "Hello"))
    mixed = streams["call-and-text"]
    both = [mixed.joined(), *(call["name"] for call in mixed.tool_calls())]
    yield expect("text next to a call", both, equals=["Hello", "clock"])
    last = [call["name"] for call in streams["call-at-the-end"].tool_calls()]
    yield expect("a call with the finish reason", last, equals=["clock"])


@packed_deltas.mutant(killed_by="calls of one delta", trips=("tools.*", "stream.*"))
class TakesTheFirstCall(Relay):
    """A delta has one call."""

    def events(self, events: Events) -> Events:
        def first(chunk: dict[str, Any]) -> None:
            for choice in chunk["choices"]:
                if calls := items(choice, "delta", "tool_calls"):
                    choice["delta"]["tool_calls"] = calls[:1]

        return edits.chunks(events, first)


@packed_deltas.mutant(killed_by="text next to a call")
class CallsOrTexts(Relay):
    """A delta with a call has no text."""

    def events(self, events: Events) -> Events:
        def choose(choice: dict[str, Any]) -> None:
            if items(choice, "delta", "tool_calls"):
                choice["delta"].pop("content", None)

        return edits.chunk_choices(events, choose)


class EmptiesTheLast(Relay):
    """The chunk with the finish reason has an empty delta, but for what mutants leave in it."""

    left = ""

    def events(self, events: Events) -> Events:
        def empty(choice: dict[str, Any]) -> None:
            if choice.get("finish_reason"):
                delta = choice.get("delta") or {}
                choice["delta"] = {name: value for name, value in delta.items() if name == self.left}

        return edits.chunk_choices(events, empty)


@packed_deltas.mutant(killed_by="text with the finish reason", trips=("stream.*",))
class FinishHasNoText(EmptiesTheLast):
    """Text in the chunk with the finish reason is dropped."""

    left = "tool_calls"


@packed_deltas.mutant(
    killed_by="a call with the finish reason", also=("text with the finish reason",), trips=("tools.*",)
)
class FinishHasNoCall(EmptiesTheLast):
    """A call in the chunk with the finish reason is dropped."""

    left = "content"
