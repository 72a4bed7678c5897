"""The form that an answer is asked for in."""

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
    reply,
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "steps": {"type": "array", "items": {"$ref": "#/$defs/step"}},
        "answer": {"anyOf": [{"type": "string", "const": ""}, {"type": "null"}]},
    },
    "required": ["steps", "answer"],
    "additionalProperties": False,
    "$defs": {
        "step": {
            "type": "object",
            "title": "Schritt",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/step"}, {"type": "null"}]}},
            "required": ["next"],
            "additionalProperties": False,
        }
    },
}
ASKED = [{"role": "user", "content": "Answer in JSON."}]
STRICT = {
    "type": "json_schema",
    "json_schema": {"name": "plan", "description": "Schritte", "strict": True, "schema": SCHEMA},
}


@case(
    "requests.response-format",
    level="MUST",
    on=ON_CHAT,
    refs=["OAI ResponseFormatJsonSchema", "litellm#4592"],
    needs=["two_sided"],
    upstream=reply.chat('{\n  "steps" : [ ],\t"answer": "\\u00e9"', " }\n"),
)
async def response_format(target: Target, ask: Operation) -> Findings:
    """response_format reaches the upstream as it was sent: json_object, and json_schema with its whole schema."""
    for name, asked in {"json_object": {"type": "json_object"}, "json_schema": STRICT}.items():
        got = (await target.forwarded(await ask(response_format=asked, messages=ASKED))).json
        yield expect(name, dig(got, "response_format"), equals=asked)
    with_tools = await ask(response_format=STRICT, messages=ASKED, tools=function_tools("look_up"))
    yield expect("next to tools", dig((await target.forwarded(with_tools)).json, "response_format"), equals=STRICT)


@response_format.mutant(killed_by="json_object", trips=("requests.drop-params-declared",))
class AsksForText(Relay):
    """JSON mode is turned off for models that aren't known to have it."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        plain = {"type": "text"}
        return edits.request_field(
            outgoing, "response_format", lambda asked: plain if asked["type"] == "json_object" else asked
        )


@response_format.mutant(killed_by="json_schema")
class ForgetsTheSchema(Relay):
    """A schema becomes plain JSON mode, which promises less."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.request_field(outgoing, "response_format", lambda _: {"type": "json_object"})


@response_format.mutant(killed_by="next to tools")
class ChoosesToolsOrFormats(Relay):
    """The form of the answer isn't passed on where there are tools, since another provider has tools alone."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        kept = {name: value for name, value in outgoing.json.items() if name != "response_format"}
        return outgoing.with_json(kept) if outgoing.json.get("tools") else outgoing


@response_format.mutant(killed_by="json_schema")
class CleansTheSchema(Relay):
    """Keywords that one provider refuses are taken out of every schema."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        def clean(asked: dict[str, Any]) -> dict[str, Any]:
            asked.get("json_schema", {}).get("schema", {}).pop("additionalProperties", None)
            return asked

        return edits.request_field(outgoing, "response_format", clean)
