"""The second half of a tool's round: calls and results in the history."""

import json
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
    function_tools,
    items,
)

LONG_ID = "call_hop2" + "_as_long" * 4
CALLS: list[dict[str, Any]] = [
    {"id": "call_hop1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
    {"id": LONG_ID, "type": "function", "function": {"name": "clock", "arguments": "{}"}},
]
TOOLS = function_tools(*(call["function"]["name"] for call in CALLS))
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Weather and time in Oslo?"},
    {"role": "assistant", "content": None, "tool_calls": CALLS},
    {"role": "tool", "tool_call_id": LONG_ID, "content": ""},
    {"role": "tool", "tool_call_id": "call_hop1", "content": '{"sky": "grau", "t": -3}' + "\n-3" * 8_000},
    {"role": "user", "content": "And in short?"},
]
"""The results in another order than the calls: as they came back."""


@case(
    "tools.result-turn",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI ChatCompletionRequestToolMessage", "avelrl"],
    needs=["two_sided"],
)
async def result_turn(target: Target, ask: Operation) -> Findings:
    """Calls and their results in the history reach the upstream: each under its id, in the order sent."""
    got = (await target.forwarded(await ask(messages=HISTORY, tools=TOOLS))).json
    messages = items(got, "messages")
    results = [one for one in messages if dig(one, "role") == "tool"]
    yield expect("calls", [call for one in messages for call in items(one, "tool_calls")], equals=CALLS)
    yield expect("results", results, equals=[one for one in HISTORY if one["role"] == "tool"])


@result_turn.mutant(killed_by="calls", trips=("tools.arguments-bytes", "requests.messages-verbatim", "sessions.*"))
class EncodesTwice(Relay):
    """The arguments of earlier calls are encoded as JSON once more."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for function in [call["function"] for one in body.get("messages", ()) for call in items(one, "tool_calls")]:
            function["arguments"] = json.dumps(function["arguments"])
        return outgoing.with_json(body)


@result_turn.mutant(killed_by="results")
class CutsLongResults(Relay):
    """Of a result, the first 16,000 characters go upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for one in [one for one in body.get("messages", []) if one.get("role") == "tool"]:
            one["content"] = one["content"][:16_000]
        return outgoing.with_json(body)


@result_turn.mutant(killed_by="results", trips=("sessions.*",))
class MatchesByPlace(Relay):
    """Results get the calls' ids by their place, not by what they answer."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        messages = body.get("messages", [])
        ids = [call["id"] for one in messages for call in items(one, "tool_calls")]
        for one in [one for one in messages if one.get("role") == "tool" and ids]:
            one["tool_call_id"] = ids.pop(0)
        return outgoing.with_json(body)
