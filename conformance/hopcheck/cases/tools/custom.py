"""Tools whose input is plain text."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    expect,
    items,
)

GRAMMAR = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: WORD"}}
SHELL: dict[str, Any] = {"type": "custom", "custom": {"name": "shell", "description": "", "format": GRAMMAR}}


@case(
    "tools.custom-tool",
    level="MAY",
    on=ON_CHAT,
    refusable=True,
    refs=["OAI CustomToolChatCompletions", "avelrl"],
    needs=["two_sided"],
)
async def custom_tool(target: Target, ask: Operation) -> Findings:
    """A tool of type `custom` reaches the upstream as it was sent, or the request is refused with 400."""
    answer = await ask(tools=[SHELL])
    got = await target.received(answer)
    fate = f"refused with {answer.status}" if got is None else dig(items(got, "tools"), 0)
    yield expect("custom tool", fate, one_of=[SHELL, "refused with 400", "refused with 422"])


@custom_tool.mutant(killed_by="custom tool")
class FunctionsOnly(Relay):
    """Tools that aren't functions are left out of what goes upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        functions = [tool for tool in body.get("tools") or () if tool.get("type") == "function"]
        return outgoing.with_json({**body, "tools": functions}) if body.get("tools") else outgoing
