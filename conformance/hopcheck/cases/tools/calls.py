"""The tool calls that a model makes, in one piece and as a stream."""

from typing import Any

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, function_tools, reply
from hopcheck.cases.tools.arguments import again

OFFERED = function_tools("weather", "clock")
BOTH = (reply.call("weather", '{"city":', '"Oslo"}'), reply.call("clock", "{}", id="call_hop2"))

PART = {"index": 0, "id": "call_hop1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
AROUND = (
    reply.delta(role="assistant", content="I look "),
    reply.delta(tool_calls=[PART]),
    reply.delta(content="it up."),
    reply.delta(finish="tool_calls"),
)
"""A stream whose text goes on after its call."""


@case(
    "tools.call-nonstream",
    level="MUST",
    because="streamed calls have cases of their own",
    needs=["call_ids"],
    refs=["OAI ChatCompletionMessageToolCall"],
    upstream=reply.chat(tools=BOTH),
)
async def call_nonstream(target: Target) -> Findings:
    """Every tool call of an answer arrives with its id, type, function name and arguments, in the order given."""
    answer = await target.chat.create(tools=OFFERED)
    first = {"index": 0, "id": "call_hop1", "type": "function", "name": "weather", "arguments": '{"city": "Oslo"}'}
    second = {"index": 1, "id": "call_hop2", "type": "function", "name": "clock", "arguments": "{}"}
    # Written anew: not every provider gives them as a text. Where it does, `tools.arguments-bytes` compares that.
    calls = [{**call, "arguments": again(str(call["arguments"]))} for call in answer.tool_calls()]
    yield expect("calls", calls, equals=[first, second])


def edit_calls(response: RelayedResponse, edit: Any) -> RelayedResponse:
    """Change the list of calls of every message that has one."""

    def change(message: dict[str, Any]) -> None:
        if message.get("tool_calls"):
            message["tool_calls"] = edit(message["tool_calls"])

    return edits.messages(response, change)


@call_nonstream.mutant(killed_by="calls", trips=("tools.arguments-bytes",))
class OneCall(Relay):
    """Of several calls only the first is passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edit_calls(response, lambda calls: calls[:1])


@call_nonstream.mutant(killed_by="calls")
class FreshIds(Relay):
    """Calls get ids of the gateway's own, so results can't be matched with what the model asked."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edit_calls(response, lambda calls: [{**call, "id": f"call_{n}"} for n, call in enumerate(calls)])


@case(
    "tools.text-and-call",
    level="MUST",
    because="it asks in one piece and as a stream",
    refs=["maximhq/bifrost#3638", "maximhq/bifrost#6123"],
    upstream={"": reply.chat("I look ", "it up.", tools=[BOTH[0]]), "around": reply.events(*AROUND)},
    trips_on=["stream.finish-*:*", "stream.nonstream-parity:StopsInOnePiece", "stream.no-coalesce:JoinsDeltas"],
)
async def text_and_call(target: Target) -> Findings:
    """A turn with text and a tool call keeps both, and its finish reason `tool_calls`, in one piece and as a stream."""
    answer, stream = await target.chat.create(tools=OFFERED), await target.chat.stream(tools=OFFERED)
    around = await target.chat.stream(script="around", tools=OFFERED)
    text = [answer.at("choices", 0, "message", "content"), stream.joined(), around.joined()]
    names = [[call["name"] for call in received.tool_calls()] for received in (answer, stream, around)]
    finish = [answer.at("choices", 0, "finish_reason"), *stream.finishes(), *around.finishes()]
    yield expect("text", text, equals=["I look it up."] * 3)
    yield expect("calls", names, equals=[["weather"]] * 3)
    yield expect("finish reasons", finish, equals=["tool_calls"] * 3)


@text_and_call.mutant(killed_by="text")
class CallsOnly(Relay):
    """The text that precedes a call is dropped."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def drop(message: dict[str, Any]) -> None:
            if message.get("tool_calls"):
                message["content"] = None

        return edits.messages(response, drop)


@text_and_call.mutant(killed_by="calls")
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
