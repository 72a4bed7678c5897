"""What a model thought, sent back to its provider."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
)
from hopcheck.cases.messages.thinking_blocks import REDACTED, SIGNATURE

HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Weather in Oslo?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "I look it up.", "signature": SIGNATURE},
            REDACTED,
            {"type": "thinking", "thinking": "It may rain.", "signature": SIGNATURE[::-1]},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
        ],
    },
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "grey"}]},
]
TOOLS = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
BUDGET = {"type": "enabled", "budget_tokens": 1500}


@case(
    "messages.thinking-returned",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API extended thinking: preserving thinking blocks", "Claude Code: every turn repeats them"],
    needs=["two_sided"],
)
async def thinking_returned(target: Target, ask: Operation) -> Findings:
    """Thinking that a client sends back reaches the provider unchanged, in its place, and so does its budget."""
    fields = {"tools": TOOLS, "thinking": BUDGET, "max_tokens": 2048}
    body = (await target.forwarded(await ask(messages=HISTORY, extra=fields))).json
    yield expect("assistant's blocks", items(body, "messages", 1, "content"), equals=HISTORY[1]["content"])
    yield expect("thinking", dig(body, "thinking"), equals=BUDGET)


@thinking_returned.mutant(killed_by="assistant's blocks", trips=("messages.parts", "sessions.agent-history"))
class ForgetsThoughts(Relay):
    """Of an assistant's blocks, texts and calls are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def known(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
            kept = ("text", "tool_use", "tool_result")
            return [
                {**one, "content": [block for block in one["content"] if block["type"] in kept]}
                if isinstance(one["content"], list)
                else one
                for one in messages
            ]

        return edits.request_field(outgoing, "messages", known)


@thinking_returned.mutant(killed_by="thinking")
class ThinksMore(Relay):
    """Every model may think as much as it likes."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "thinking", lambda budget: {**budget, "budget_tokens": 32000})
