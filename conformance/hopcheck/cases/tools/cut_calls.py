"""Calls that are cut off at a limit."""

from typing import Any

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, edits, expect, reply
from hopcheck.cases.tools.calls import OFFERED

BEGUN = '{"city": "Os'


@case(
    "tools.cut-call",
    level="MUST",
    because="it asks in one piece and as a stream",
    refs=["maximhq/bifrost#3638", "litellm#12862"],
    upstream=reply.chat(tools=[reply.call("weather", BEGUN)], finish="length"),
    trips_on=["stream.finish-*:*", "stream.nonstream-parity:StopsInOnePiece", "tools.stream-args-concat:SumsUp"],
)
async def cut_call(target: Target) -> Findings:
    """A call that was cut off at a limit keeps its finish reason `length`, in one piece and as a stream."""
    answer, stream = await target.chat.create(tools=OFFERED), await target.chat.stream(tools=OFFERED)
    arguments = [call["arguments"] for received in (answer, stream) for call in received.tool_calls()]
    yield expect("arguments", arguments, equals=[BEGUN] * 2)
    finish = [answer.at("choices", 0, "finish_reason"), *stream.finishes()]
    yield expect("finish reasons", finish, equals=["length"] * 2)


@cut_call.mutant(killed_by="finish reasons")
class CallsAreWhole(Relay):
    """What has a call ends with `tool_calls`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def end(choice: dict[str, Any]) -> None:
            if choice["message"].get("tool_calls"):
                choice["finish_reason"] = "tool_calls"

        return edits.choices(response, end)


@cut_call.mutant(killed_by="finish reasons")
class StreamedCallsAreWhole(Relay):
    """A stream with a call ends with `tool_calls`."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            called = called or b'"tool_calls":' in event.raw
            yield edits.chunk(event, self._finish) if called else event

    def _finish(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice.get("finish_reason") and "tool_calls"


@cut_call.mutant(killed_by="arguments", trips=("tools.custom-call",))
class CompletesCalls(Relay):
    """Arguments that were cut off are closed, so that they can be read."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def close(message: dict[str, Any]) -> None:
            for call in message.get("tool_calls") or ():
                arguments = call["function"]["arguments"]
                call["function"]["arguments"] = arguments + '"}' * (arguments == BEGUN)

        return edits.messages(response, close)
