"""Calls of tools, in all shapes that the API has."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    EditsObjects,
    Findings,
    Operation,
    Target,
    case,
    dig,
    expect,
    function_tools,
    reply,
    without_additions,
)
from hopcheck.cases.messages.blocks import content_of

PAGES = ["é, and so on; " * 1_000] * 5

REST = '"unit": null, "é": {"id": 9007199254740993}}'

CALLS = (
    reply.call(
        "weather",
        '{"city": "Os',
        'lo", "days": [1, 2.5, null], "unit": null, "é": {"id": 9007199254740993}}',
        id="call_hop1",
    ),
    reply.call("clock", id="call_hop2"),
    reply.call("weather", '{"city": "Rome"}', id="call_hop3"),
    reply.call("clock", '{"note": "', *PAGES, '"}', id="call_hop4"),
)

DEEP = {"city": "Oslo", "days": [1, 2.5, None], "unit": None, "é": {"id": 2**53 + 1}}

MADE = [
    {"type": "text", "text": "So:"},
    {"type": "tool_use", "id": "call_hop1", "name": "weather", "input": DEEP},
    {"type": "tool_use", "id": "call_hop2", "name": "clock", "input": {}},
    {"type": "tool_use", "id": "call_hop3", "name": "weather", "input": {"city": "Rome"}},
    {"type": "tool_use", "id": "call_hop4", "name": "clock", "input": {"note": "".join(PAGES)}},
]


@case(
    "messages.calls",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API tool use"],
    needs=["call_ids"],
    upstream=reply.chat("So:", tools=CALLS),
)
async def calls(target: Target, ask: Operation) -> Findings:
    """Text and several calls reach the client in their order, each a block with its own id, its name and its input."""
    content = content_of(await ask(tools=function_tools("weather", "clock")))
    yield expect("blocks", [dig(one, "type") for one in content], equals=["text", *["tool_use"] * len(CALLS)])
    yield expect("calls", without_additions(content, MADE), equals=MADE)


@calls.mutant(killed_by="blocks")
class SpeaksAfterwards(EditsObjects):
    """Calls become texts."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "tool_use" and content["id"] == "call_hop3":
            content.update(type="text", text="")


@calls.mutant(killed_by="calls", on="messages")
class CleansInputs(EditsObjects):
    """Members of a call's input that are null are left out."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "tool_use":
            content["input"] = {name: value for name, value in content["input"].items() if value is not None}


@calls.mutant(killed_by="calls", trips=("sessions.parallel-calls",))
class CountsCalls(EditsObjects):
    """Calls have ids of the gateway's own."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "tool_use":
            content["id"] = f"toolu_own_{content['id'][-1]}"
