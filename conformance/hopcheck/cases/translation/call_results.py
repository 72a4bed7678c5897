"""Results of calls, which dialects match to their calls by an id, by the function, or by their order."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, Target, case, expect, function_tools, items
from hopcheck.cases.translation.turns import EditsMessages

TOOLS = function_tools("weather", "clock")
HISTORY: list[dict[str, Any]] = [
    {"role": "user", "content": "Weather and time in Oslo?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
            {"id": "call_b", "type": "function", "function": {"name": "clock", "arguments": '{"zone":"CET"}'}},
        ],
    },
    {"role": "tool", "tool_call_id": "call_b", "content": "noon"},
    {"role": "tool", "tool_call_id": "call_a", "content": "grey"},
    {"role": "user", "content": "In short?"},
]
"""The results in another order than the calls, which have no names of their functions on them."""


@case(
    "translation.results-by-call",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["anthropic: tool_use_id", "gemini: functionResponse.name", "ollama: tool_name"],
)
async def results_by_call(target: Target, ask: Operation) -> Findings:
    """Each tool's result reaches the provider as that of its own call: by its id, by the function, or by its place."""
    request = await target.provider_request(await ask(messages=HISTORY, tools=TOOLS))
    parts = [part for turn in request.turns for part in turn.parts]
    calls = [part for part in parts if part.kind == "call"]
    results = [part for part in parts if part.kind == "result"]
    yield expect("calls", [[call.name, call.arguments] for call in calls], equals=WANTED_CALLS)
    by_id = {call.id: call.name for call in calls if call.id}
    found = {
        result.name or by_id.get(result.id, calls[place].name if place < len(calls) else ""): result.text
        for place, result in enumerate(results)
    }
    yield expect("results by function", found, equals={"weather": "grey", "clock": "noon"})


WANTED_CALLS = [["weather", {"city": "Oslo"}], ["clock", {"zone": "CET"}]]


@results_by_call.mutant(killed_by="results by function")
class MatchesResultsByPlace(EditsMessages):
    """The first result is taken for that of the first call."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        ids = [call["id"] for one in messages for call in items(one, "tool_calls")]
        return [{**one, "tool_call_id": ids.pop(0)} if one["role"] == "tool" else one for one in messages]


@results_by_call.mutant(killed_by="calls")
class SendsArgumentsAsText(EditsMessages):
    """The arguments of earlier calls go into an object as they are."""

    def edited(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for call in [call for one in messages for call in items(one, "tool_calls")]:
            call["function"]["arguments"] = f'{{"arguments": {len(call["function"]["arguments"])}}}'
        return messages
