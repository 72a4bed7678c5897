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
from hopcheck.cases.messages.blocks import both, content_of

CALLS = (
    reply.call(
        "weather", '{"city": "Os', 'lo", "days": [1, 2.5, null], "unit": null, "é": {"deep": true}}', id="call_hop1"
    ),
    reply.call("clock", id="call_hop2"),
    reply.call("weather", '{"city": "Rome"}', id="call_hop3"),
)

DEEP = {"city": "Oslo", "days": [1, 2.5, None], "unit": None, "é": {"deep": True}}

MADE = [
    {"type": "text", "text": "So:"},
    {"type": "tool_use", "id": "call_hop1", "name": "weather", "input": DEEP},
    {"type": "tool_use", "id": "call_hop2", "name": "clock", "input": {}},
    {"type": "tool_use", "id": "call_hop3", "name": "weather", "input": {"city": "Rome"}},
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
    yield expect("blocks", [dig(one, "type") for one in content], equals=["text", "tool_use", "tool_use", "tool_use"])
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


@calls.mutant(killed_by="calls")
class CountsCalls(EditsObjects):
    """Calls have ids of the gateway's own."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "tool_use":
            content["id"] = f"toolu_own_{content['id'][-1]}"


SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Oslo"}}

FOUND = {"type": "web_search_result", "url": "https://example.org/", "title": "Oslo", "encrypted_content": "RXhh"}

RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [FOUND]}

CITATION = {"type": "web_search_result_location", "url": "https://example.org/", "title": "Oslo", "cited_text": "Grey."}

CITED = {"type": "text", "text": "It is grey.", "citations": [CITATION]}

LATER = {"type": "hologram", "beams": [1, None]}

OTHERS: list[dict[str, Any]] = [SEARCH, RESULT, CITED, LATER]


@case(
    "messages.other-blocks",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API server tools", "Anthropic API citations"],
    upstream=both(*OTHERS),
)
async def other_blocks(target: Target, ask: Operation) -> Findings:
    """Blocks of the provider's own tools, citations, and blocks of kinds that came later reach the client whole."""
    blocks = content_of(await ask(script=ask.name))
    yield expect("blocks", without_additions(blocks, OTHERS), equals=OTHERS)


@other_blocks.mutant(killed_by="blocks")
class CitesNobody(EditsObjects):
    """Texts have no citations."""

    def edit(self, content: dict[str, Any]) -> None:
        content.pop("citations", None)
