"""Text and a call in one turn, in one piece and as a stream."""

from typing import Any

from hopcheck import Event, Events, Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, reply
from hopcheck.cases.tools.calls import BOTH, OFFERED

PART = {"index": 0, "id": "call_hop1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
AROUND = (
    reply.delta(role="assistant", content="I look "),
    reply.delta(tool_calls=[PART]),
    reply.delta(content="it up."),
    reply.delta(finish="tool_calls"),
)
"""A stream whose text goes on after its call."""


@case(
    "tools.text-and-call",
    level="MUST",
    because="it asks in one piece and as a stream",
    refs=["maximhq/bifrost#3638", "maximhq/bifrost#6123"],
    upstream=reply.chat("I look ", "it up.", tools=[BOTH[0]]),
    trips_on=["stream.finish-*:*", "stream.nonstream-parity:StopsInOnePiece", "stream.no-coalesce:JoinsDeltas"],
)
async def text_and_call(target: Target) -> Findings:
    """A turn with text and a tool call keeps both, and its finish reason `tool_calls`, in one piece and as a stream."""
    answer, stream = await target.chat.create(tools=OFFERED), await target.chat.stream(tools=OFFERED)
    text = [answer.at("choices", 0, "message", "content"), stream.joined()]
    names = [[call["name"] for call in received.tool_calls()] for received in (answer, stream)]
    finish = [answer.at("choices", 0, "finish_reason"), *stream.finishes()]
    yield expect("text", text, equals=["I look it up."] * 2)
    yield expect("calls", names, equals=[["weather"]] * 2)
    yield expect("finish reasons", finish, equals=["tool_calls"] * 2)


@text_and_call.mutant(killed_by="text")
class CallsOnly(Relay):
    """The text that precedes a call is dropped."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def drop(message: dict[str, Any]) -> None:
            if message.get("tool_calls"):
                message["content"] = None

        return edits.messages(response, drop)


@text_and_call.mutant(killed_by="calls", trips=("tools.text-around-call",))
class TextOnly(Relay):
    """A call that follows text is dropped from a stream."""

    async def events(self, events: Events) -> Events:
        spoken = False
        async for event in events:
            delta = dig(event.json, "choices", 0, "delta") or {}
            spoken = spoken or bool(delta.get("content"))
            if not (spoken and delta.get("tool_calls")):
                yield event


@text_and_call.mutant(killed_by="finish reasons", trips=("chat.finish-reason",))
class TextEndsIt(Relay):
    """A turn with text ends with `stop`, whatever else is in it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def end(choice: dict[str, Any]) -> None:
            if choice["message"].get("content") and choice["finish_reason"] == "tool_calls":
                choice["finish_reason"] = "stop"

        return edits.choices(response, end)


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


@text_around_call.mutant(killed_by="calls")
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
