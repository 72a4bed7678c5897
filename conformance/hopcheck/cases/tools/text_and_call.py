"""Text and a call in one turn, in one piece and as a stream."""

from typing import Any

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, reply
from hopcheck.cases.tools.calls import BOTH, OFFERED


@case(
    "tools.text-and-call",
    level="MUST",
    because="it asks in one piece and as a stream",
    refs=["maximhq/bifrost#3638", "maximhq/bifrost#6123"],
    upstream={
        "": reply.chat("I look ", "it up.", tools=[BOTH[0]]),
        "blank": reply.chat(" \n", tools=[BOTH[0]]),
    },
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
    blank = await target.chat.create(tools=OFFERED, script="blank")
    yield expect("text of white space alone", blank.at("choices", 0, "message", "content"), equals=" \n")


@text_and_call.mutant(killed_by="text of white space alone")
class BlanksAreNothing(Relay):
    """A text of white space alone next to a call is null."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def empty(message: dict[str, Any]) -> None:
            if message.get("tool_calls") and (message.get("content") or "").isspace():
                message["content"] = None

        return edits.messages(response, empty)


@text_and_call.mutant(killed_by="text")
class CallsOnly(Relay):
    """The text that precedes a call is dropped."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def drop(message: dict[str, Any]) -> None:
            if message.get("tool_calls"):
                message["content"] = None

        return edits.messages(response, drop)


@text_and_call.mutant(killed_by="calls", trips=("tools.text-around-call", "sessions.parallel-calls"))
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
