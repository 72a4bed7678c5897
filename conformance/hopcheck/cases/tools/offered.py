"""The tools that a client offers, as the upstream gets them."""

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
    expect,
    items,
)

INNER = {"anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]}
PLACE = {"type": "object", "properties": {"inner": INNER}, "required": ["inner"], "additionalProperties": False}
PARAMETERS = {
    "type": "object",
    "properties": {
        "place": {"$ref": "#/$defs/place"},
        "unit": {"anyOf": [{"type": "string", "enum": ["°C", "°F"]}, {"type": "null"}]},
    },
    "required": ["place", "unit"],
    "additionalProperties": False,
    "$defs": {"place": PLACE},
}


WEATHER = {"type": "function", "function": {"name": "weather", "strict": True, "parameters": PARAMETERS}}
CLOCK = {"type": "function", "function": {"name": "clock"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [CLOCK]}}
CHOICES: list[Any] = ["auto", "none", "required", CLOCK]


@case(
    "tools.roundtrip",
    refusable=True,
    level="MUST",
    on=ON_CHAT,
    refs=["OAI CreateChatCompletionRequest", "maximhq/bifrost#7348"],
    needs=["two_sided"],
)
async def roundtrip(target: Target, ask: Operation) -> Findings:
    """Tools, tool_choice in each of its forms, and parallel_tool_calls reach the upstream as they were sent."""
    asked: dict[str, Any] = {"tools": [WEATHER, CLOCK], "parallel_tool_calls": False}
    answers = [await ask(**asked, tool_choice=choice) for choice in CHOICES]
    answers.append(await ask(tools=[CLOCK], tool_choice="required"))
    got = [(await target.forwarded(answer)).json for answer in answers]
    names = [dig(tool, "function", "name") for tool in items(got[0], "tools")]
    yield expect("tools", names, equals=["weather", "clock"])
    # `auto` is the default, and may be left out.
    chosen = [canonical_request(body).get("tool_choice") for body in got]
    yield expect("tool_choice", chosen, equals=[None, *CHOICES[1:], "required"])
    yield expect("parallel_tool_calls", dig(got[0], "parallel_tool_calls"), equals=False)
    # Newer than the others: a gateway that refuses it has at least dropped nothing.
    newest = await ask(**asked, tool_choice=ALLOWED)
    arrived = dig(await target.received(newest), "tool_choice") or f"refused with {newest.status}"
    yield expect("tool_choice of allowed tools", arrived, equals=ALLOWED, level="SHOULD")


@roundtrip.mutant(killed_by="tools", trips=("tools.strict-schema", "requests.many-tools", "sessions.agent-history"))
class OneTool(Relay):
    """Only the first tool that is offered is passed on."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        return outgoing.with_json({**body, "tools": body["tools"][:1]}) if body.get("tools") else outgoing


@roundtrip.mutant(killed_by="tool_choice")
class ChoiceIsAWord(Relay):
    """A tool_choice that is an object becomes `required`, for providers that know only words."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        named = isinstance(body.get("tool_choice"), dict)
        return outgoing.with_json({**body, "tool_choice": "required"}) if named else outgoing


@roundtrip.mutant(killed_by="tool_choice")
class TheOnlyToolIsNoChoice(Relay):
    """Where one tool is offered, there is nothing to choose."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        if len(body.get("tools") or []) == 1:
            body.pop("tool_choice", None)
        return outgoing.with_json(body)


@roundtrip.mutant(killed_by="tool_choice of allowed tools")
class ForgetsAllowedTools(Relay):
    """A tool_choice of a kind that isn't known is dropped."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        unknown = dig(body, "tool_choice", "type") == "allowed_tools"
        return outgoing.with_json({**body, "tool_choice": "auto"}) if unknown else outgoing


@roundtrip.mutant(killed_by="parallel_tool_calls", trips=("requests.sampling-params", "requests.drop-params-declared"))
class FalseIsNothing(Relay):
    """Fields that are false are left out of what goes upstream."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_json({name: value for name, value in outgoing.json.items() if value is not False})
