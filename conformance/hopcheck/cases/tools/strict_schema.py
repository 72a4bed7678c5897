"""The schema of a function, as the upstream gets it."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, OutgoingRequest, Relay, Target, case, dig, expect, items
from hopcheck.cases.tools.offered import PARAMETERS, WEATHER

LOOSE = {
    "type": "object",
    "properties": {
        "zone": {"type": "string", "default": "UTC", "minLength": 0},
        "seconds": {"type": "integer", "default": 0},
        "loud": {"type": "boolean", "default": False},
        "sound": {"type": ["string", "null"], "enum": ["bell", "", None], "default": None, "examples": []},
    },
}
"""With what gateways rewrite for one provider and forget to leave alone for another."""

TIMER = {"type": "function", "function": {"name": "timer", "parameters": LOOSE}}


@case(
    "tools.strict-schema",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI FunctionObject", "litellm#19077"],
    needs=["two_sided", "json_schemas"],
)
async def strict_schema(target: Target, ask: Operation) -> Findings:
    """A function's `strict` and its JSON Schema ($ref, $defs, anyOf, defaults) reach the upstream unchanged."""
    got = await target.openai_form(await ask(tools=[WEATHER, TIMER]))
    functions = [dig(tool, "function") for tool in items(got, "tools")]
    if not target.translates:  # other dialects have no such word
        yield expect("strict", [dig(one, "strict") or False for one in functions], equals=[True, False])
    yield expect("parameters", [dig(one, "parameters") for one in functions], equals=[PARAMETERS, LOOSE])


def without(outgoing: OutgoingRequest, name: str, *path: str) -> OutgoingRequest:
    """The same request, that field missing from every function, or from what stands at the path in it."""
    body = outgoing.json
    for tool in body.get("tools", ()):
        holder: Any = dig(tool, "function", *path)
        if isinstance(holder, dict):
            holder.pop(name, None)
    return outgoing.with_json(body)


@strict_schema.mutant(killed_by="strict")
class NotStrict(Relay):
    """`strict` is taken out, since some provider once refused it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return without(outgoing, "strict")


@strict_schema.mutant(killed_by="parameters")
class NoDefinitions(Relay):
    """A schema is reduced to the keywords that another provider knows, and its references point nowhere."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return without(outgoing, "$defs", "parameters")


@strict_schema.mutant(killed_by="parameters")
class PrunesNulls(Relay):
    """A default of null is left out."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for tool in body.get("tools", ()):
            for one in (dig(tool, "function", "parameters", "properties") or {}).values():
                if isinstance(one, dict) and "default" in one and one["default"] is None:
                    del one["default"]
        return outgoing.with_json(body)
