"""Calls of tools, in all shapes that the API has."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    EditsObjects,
    Findings,
    Operation,
    Target,
    case,
    edits,
    expect,
    function_tools,
    reply,
)

ODD = '{ "city" : "Os\\u006co",\t"n":1.0, "big":12345678901234567890123}\n'


LONG = ('{"note": "', *["é, and so on; " * 500] * 5, '"}')
"""As long as a file."""


CALLS = (
    reply.call("weather", ODD[:9], ODD[9:20], ODD[20:], id="call_hop1"),
    reply.call("clock", "{}", id="call_hop2"),
    reply.call("weather", '{"city":"Rome"}', id="call_hop3"),
    reply.call("clock", *LONG, id="call_hop4"),
)


MADE = [
    {"index": 0, "id": "call_hop1", "type": "function", "name": "weather", "arguments": ODD},
    {"index": 1, "id": "call_hop2", "type": "function", "name": "clock", "arguments": "{}"},
    {"index": 2, "id": "call_hop3", "type": "function", "name": "weather", "arguments": '{"city":"Rome"}'},
    {"index": 3, "id": "call_hop4", "type": "function", "name": "clock", "arguments": "".join(LONG)},
]


OFFERED = function_tools("weather", "clock")


@case(
    "responses.calls",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: function_call", "litellm: calls of a bridge have the index 0"],
    needs=["call_ids"],
    upstream=reply.chat("So:", tools=CALLS),
)
async def calls(target: Target, ask: Operation) -> Findings:
    """Text and several calls reach the client in their order, each with its own id, name, and arguments to the byte."""
    response = await ask(tools=OFFERED)
    yield expect("calls", response.tool_calls(), equals=MADE)
    yield expect("text next to the calls", response.content, equals="So:")


@calls.mutant(killed_by="calls")
class WritesArgumentsAnew(EditsObjects):
    """Arguments are parsed, and written again."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "function_call":
            content["arguments"] = content["arguments"].replace("\t", "").replace(" :", ":")


@calls.mutant(
    killed_by="text next to the calls",
    trips=("responses.*", "cancel.*", "fallback.*", "http.*", "stream.*", "timeout.*"),
)
class CallsOnly(EditsObjects):
    """A text that stands next to calls is empty."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda _: "")
