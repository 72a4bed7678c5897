"""Fields of a request that chat completions don't have."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
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

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


FORMAT = {"type": "json_schema", "name": "place", "strict": True, "schema": SCHEMA}


FIELDS: dict[str, Any] = {
    "instructions": "Be brief.",
    "store": False,
    "max_output_tokens": 64,
    "truncation": "auto",
    "text": {"format": FORMAT, "verbosity": "low"},
    "parallel_tool_calls": False,
    "tool_choice": "required",
    "max_tool_calls": 2,
    "temperature": 0,
    "top_p": 0.5,
    "top_logprobs": 2,
    "prompt_cache_key": "hop",
    "safety_identifier": "somebody",
}


TOOLS = [
    {"type": "function", "name": "look_up", "description": "Looks up.", "strict": True, "parameters": SCHEMA},
    {"type": "custom", "name": "shell", "format": {"type": "grammar", "syntax": "regex", "definition": "[a-z]+"}},
]
CHOICE = {"type": "function", "name": "look_up"}


@case("responses.fields", level="MUST", on=ON_RESPONSES, refs=["OAI Responses: create"], needs=["two_sided"])
async def fields(target: Target, ask: Operation) -> Findings:
    """What steers a response reaches the provider as it was sent: instructions, format, tools, `store: false`."""
    body = (await target.forwarded(await ask(extra={**FIELDS, "tools": TOOLS}))).json
    lost = {name: dig(body, name) for name, value in FIELDS.items() if dig(body, name) != value}
    yield expect("store", lost.pop("store", False), equals=False)
    dropped = {name: value for name, value in lost.items() if name not in target.declares.drops}
    others = {name: dropped.pop(name) for name in ("prompt_cache_key", "safety_identifier") if name in dropped}
    yield expect("fields changed", dropped, equals={})
    yield expect("other fields changed", others, equals={}, level="SHOULD")
    yield expect("tools", dig(body, "tools"), equals=TOOLS)
    chosen = (await target.forwarded(await ask(extra={"tools": TOOLS, "tool_choice": CHOICE}))).json
    yield expect("choice of a tool", dig(chosen, "tool_choice"), equals=CHOICE)


@fields.mutant(killed_by="choice of a tool")
class ChoosesAsChats(Relay):
    """A choice of one tool is sent in the form that chats have for it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        is_named = dig(body, "tool_choice", "name") is not None and outgoing.incoming.is_for_responses
        nested = {"type": "function", "function": {"name": dig(body, "tool_choice", "name")}}
        return outgoing.with_json({**body, "tool_choice": nested}) if is_named else outgoing


@fields.mutant(killed_by="store", trips=("sessions.agent-history",))
class StoresEverything(Relay):
    """Responses are stored at the provider, whatever the client says."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "store", lambda _: True)


@fields.mutant(killed_by="fields changed")
class SpeaksFreely(edits.DropsFields):
    """The format of the text isn't passed on."""

    fields = ("text",)


@fields.mutant(killed_by="tools", trips=("sessions.agent-history",))
class NestsTools(Relay):
    """Tools are written as chat completions have them."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def nested(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return [{"type": one["type"], one["type"]: {**one}} for one in tools]

        return edits.request_field(outgoing, "tools", nested)


@fields.mutant(killed_by="other fields changed")
class NamesNobody(edits.DropsFields):
    """Who asks isn't passed on."""

    fields = ("safety_identifier",)
