"""What agents' histories hold besides text: reasoning, marks for caches, results in parts."""

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
    edits,
    expect,
    function_tools,
)

CACHED = {"type": "text", "text": "A long document.", "cache_control": {"type": "ephemeral"}}
LONG = {**CACHED, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
SIGNATURE = {"google": {"thought_signature": "c2lnbmF0dXJl"}}
CALL = {
    "id": "call_hop1",
    "type": "function",
    "function": {"name": "look_up", "arguments": "{}"},
    "extra_content": SIGNATURE,
}

HISTORY: list[dict[str, Any]] = [
    {"role": "system", "content": [CACHED]},
    {"role": "user", "content": "Look it up."},
    {"role": "assistant", "content": None, "reasoning_content": "I should look.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call_hop1", "content": [{"type": "text", "text": "one"}, LONG]},
    {"role": "user", "content": "And now?"},
]


@case(
    "requests.history-forms",
    level="SHOULD",
    on=ON_CHAT,
    refusable=True,
    refs=["litellm#24007", "anthropic: cache_control", "gemini: thought_signature", "deepseek: reasoning_content"],
    needs=["two_sided"],
)
async def history_forms(target: Target, ask: Operation) -> Findings:
    """Marks for prompt caches, reasoning, signatures of thoughts, and results in parts reach the upstream unchanged."""
    response = await ask(messages=HISTORY, tools=function_tools("look_up"))
    got = await target.received(response)
    expected = {
        "cache_control": (0, "content", 0, "cache_control"),
        "reasoning": (2, "reasoning_content"),
        "signature": (2, "tool_calls", 0, "extra_content"),
        "result in parts": (3, "content"),
    }
    for name, path in expected.items():
        yield expect(name, dig(got, "messages", *path), equals=dig(HISTORY, *path))


def rewritten(outgoing: OutgoingRequest, edit: Any) -> OutgoingRequest:
    """The same request, with what `edit` makes of each message."""
    return edits.request_field(outgoing, "messages", lambda messages: [edit(one) for one in messages])


@history_forms.mutant(killed_by="cache_control", trips=("sessions.*",))
class DropsCacheControl(Relay):
    """Marks for prompt caches are no part of OpenAI's API."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def drop(message: dict[str, Any]) -> dict[str, Any]:
            if not isinstance(message.get("content"), list):
                return message
            parts = [
                {name: value for name, value in part.items() if name != "cache_control"} for part in message["content"]
            ]
            return {**message, "content": parts}

        return rewritten(outgoing, drop)


@history_forms.mutant(killed_by="reasoning", trips=("sessions.*",))
class DropsReasoning(Relay):
    """What a model thought before is left out of the history."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return rewritten(outgoing, lambda one: {key: one[key] for key in one if key != "reasoning_content"})


@history_forms.mutant(killed_by="signature", trips=("sessions.*",))
class DropsExtraContent(Relay):
    """Of a call in the history, the fields that OpenAI documents are kept."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def bare(message: dict[str, Any]) -> dict[str, Any]:
            calls = [
                {name: call[name] for name in ("id", "type", "function") if name in call}
                for call in message.get("tool_calls") or ()
            ]
            return {**message, "tool_calls": calls} if calls else message

        return rewritten(outgoing, bare)


@history_forms.mutant(killed_by="result in parts", trips=("sessions.*",))
class JoinsParts(Relay):
    """A tool's result becomes one text."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def join(message: dict[str, Any]) -> dict[str, Any]:
            if message.get("role") != "tool" or not isinstance(message.get("content"), list):
                return message
            return {**message, "content": "".join(part.get("text", "") for part in message["content"])}

        return rewritten(outgoing, join)
