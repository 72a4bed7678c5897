"""The tool calls that a model makes, in one piece and as a stream."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, edits, expect, function_tools, reply
from hopcheck.cases.tools.arguments import again

OFFERED = function_tools("weather", "clock")
LONG_ID = "functions.clock:1" + "_as_long" * 8
"""Providers differ in how long their ids are, and in what stands in them; one of them puts signatures there."""

BOTH = (reply.call("weather", '{"city":', '"Oslo"}'), reply.call("clock", "{}", id=LONG_ID))


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
    second = {"index": 1, "id": LONG_ID, "type": "function", "name": "clock", "arguments": "{}"}
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


@call_nonstream.mutant(killed_by="calls")
class ShortensIds(Relay):
    """An id has at most 40 characters, which another provider takes."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edit_calls(response, lambda calls: [{**call, "id": call["id"][:40]} for call in calls])
