"""Many tools, as agents offer them."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    canonical_request,
    case,
    dig,
    edits,
    expect,
    items,
)

LONG = " Ask for it whenever its number comes up." * 100
"""Agents write manuals into their descriptions."""

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{place}" if place % 2 else f"namespace-{place}__tool",
            "description": f"Does what number {place} stands for." + LONG * (place == 7),
            "parameters": {"type": "object", "properties": {"value": {"type": "string", "description": "What for."}}},
        },
    }
    for place in range(128)
]


@case(
    "requests.many-tools",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest", "litellm#11911"],
    needs=["two_sided"],
)
async def many_tools(target: Target, ask: Operation) -> Findings:
    """As many tools as OpenAI takes, 128, reach the upstream, with their names, descriptions and parameters."""
    got = items(canonical_request(await target.openai_form(await ask(tools=TOOLS))), "tools")
    names = [dig(one, "function", "name") for one in got]
    yield expect("names", names, equals=[one["function"]["name"] for one in TOOLS])
    lost = [name for name, one in zip(names, got, strict=True) if not dig(one, "function", "description")]
    yield expect("without a description", lost, equals=[])
    wrong = [dig(one, "function", "name") for one, sent in zip(got, TOOLS, strict=False) if one != sent]
    yield expect("changed otherwise", wrong, equals=[])


@many_tools.mutant(killed_by="names")
class TakesSixtyFour(Relay):
    """More than 64 tools are too many, so the rest is left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "tools", lambda tools: tools[:64])


@many_tools.mutant(killed_by="without a description", trips=("tools.*", "requests.*"))
class ForgetsDescriptions(Relay):
    """Of a tool, the name and the parameters are passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(tool: dict[str, Any]) -> dict[str, Any]:
            function = {name: value for name, value in tool["function"].items() if name != "description"}
            return {**tool, "function": function}

        return edits.request_field(outgoing, "tools", lambda tools: [bare(tool) for tool in tools])


@many_tools.mutant(killed_by="changed otherwise", trips=("tools.*", "requests.*"))
class ForgetsWhatParametersMean(Relay):
    """The descriptions of a tool's parameters are taken for comments."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(tool: dict[str, Any]) -> dict[str, Any]:
            parameters = {"type": "object", "properties": {"value": {"type": "string"}}}
            return {**tool, "function": {**tool["function"], "parameters": parameters}}

        return edits.request_field(
            outgoing, "tools", lambda tools: [bare(tool) for tool in tools] if len(tools) > 64 else tools
        )


@many_tools.mutant(killed_by="changed otherwise")
class ShortensDescriptions(Relay):
    """A description has at most 1,024 characters."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def shorten(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
            for tool in tools:
                if "description" in (tool.get("function") or {}):
                    tool["function"]["description"] = tool["function"]["description"][:1024]
            return tools

        return edits.request_field(outgoing, "tools", shorten)
