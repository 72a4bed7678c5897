"""Text that goes on after a call of the same turn."""

from hopcheck import Event, Events, Findings, Relay, Target, case, dig, edits, expect, reply
from hopcheck.cases.tools.calls import OFFERED

PART = {"index": 0, "id": "call_hop1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
AROUND = (
    reply.delta(role="assistant", content="I look "),
    reply.delta(tool_calls=[PART]),
    reply.delta(content="it up."),
    reply.delta(finish="tool_calls"),
)
"""A stream whose text goes on after its call."""


@case(
    "tools.text-around-call",
    level="MUST",
    on="chat.stream",
    because="in one piece, all text stands before the calls",
    refs=["maximhq/bifrost#6123"],
    upstream=reply.events(*AROUND),
)
async def text_around_call(target: Target) -> Findings:
    """A stream whose text goes on after its call keeps all of the text, and the call."""
    stream = await target.chat.stream(tools=OFFERED)
    yield expect("text", stream.joined(), equals="I look it up.")
    yield expect("calls", [call["name"] for call in stream.tool_calls()], equals=["weather"])


@text_around_call.mutant(killed_by="text")
class EndsTextAtCalls(Relay):
    """What a stream says after its first call is dropped."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            delta = dig(event.json, "choices", 0, "delta") or {}
            called = called or bool(delta.get("tool_calls"))
            yield edits.deltas(event, lambda one: one.pop("content", None)) if called else event


@text_around_call.mutant(killed_by="calls", trips=("stream.flush-pieces",))
class CallsAtTheEndOnly(Relay):
    """A call counts where no text follows it."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        async for event in events:
            delta = dig(event.json, "choices", 0, "delta") or {}
            held = [] if delta.get("content") else held
            if delta.get("tool_calls"):
                held.append(event)
                continue
            for one in held:
                yield one
            held = []
            yield event
