"""Fields of a request that chat completions don't have, or have otherwise."""

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
)
from hopcheck.cases.messages.cache_marks import SCHEMA

FIELDS: dict[str, Any] = {
    "max_tokens": 77,
    "stop_sequences": ["END", "\n\n"],
    "top_k": 7,
    "top_p": 0.5,
    "temperature": 0,
    "metadata": {"user_id": "somebody"},
    "service_tier": "standard_only",
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    "tools": [
        {"name": "weather", "description": "Looks up.", "input_schema": SCHEMA},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3, "allowed_domains": ["example.org"]},
    ],
    "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
}

CHOICES = [{"type": kind, "disable_parallel_tool_use": True} for kind in ("auto", "any")]


@case("messages.fields", level="MUST", on=ON_MESSAGES, refs=["Anthropic API messages"], needs=["two_sided"])
async def fields(target: Target, ask: Operation) -> Findings:
    """What steers a message reaches the provider as it was sent: limits, sampling, tools, its format."""
    body = (await target.forwarded(await ask(extra=FIELDS))).json
    lost = {name: dig(body, name) for name, value in FIELDS.items() if dig(body, name) != value}
    tools = {name: lost.pop(name) for name in ("tools", "tool_choice") if name in lost}
    dropped = {name: value for name, value in lost.items() if name not in target.declares.drops}
    others = {name: dropped.pop(name) for name in ("metadata", "service_tier") if name in dropped}
    yield expect("fields changed", dropped, equals={})
    yield expect("other fields changed", others, equals={}, level="SHOULD")
    yield expect("tools changed", tools, equals={})
    chosen = [(await target.forwarded(await ask(extra={**FIELDS, "tool_choice": one}))).json for one in CHOICES]
    yield expect("choices of tools", [dig(one, "tool_choice") for one in chosen], equals=CHOICES)


@fields.mutant(killed_by="choices of tools")
class ChoosesByDefault(Relay):
    """That the model chooses is the default, and is left out with what stands next to it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        is_default = dig(body, "tool_choice", "type") == "auto"
        return outgoing.with_json({**body, "tool_choice": {"type": "auto"}}) if is_default else outgoing


@fields.mutant(killed_by="fields changed")
class RaisesLimits(Relay):
    """A limit of tokens is at least 4096."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "max_tokens", lambda limit: max(limit, 4096))


@fields.mutant(killed_by="tools changed")
class CallsInParallel(Relay):
    """Several tools may be called at once, whatever the client says."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(
            outgoing,
            "tool_choice",
            lambda choice: {name: value for name, value in choice.items() if name != "disable_parallel_tool_use"},
        )


@fields.mutant(killed_by="tools changed")
class NamesServerTools(Relay):
    """Of the provider's own tools, the type and the name are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def named(tool: dict[str, Any]) -> dict[str, Any]:
            return {"type": tool["type"], "name": tool["name"]} if "max_uses" in tool else tool

        return edits.request_field(outgoing, "tools", lambda tools: [named(tool) for tool in tools])


@fields.mutant(killed_by="other fields changed")
class ServesByDefault(edits.DropsFields):
    """The tier isn't passed on."""

    fields = ("service_tier",)
