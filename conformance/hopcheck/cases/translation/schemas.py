"""The schema that a response has to keep."""

from typing import Any

from hopcheck import ON_CHAT, Findings, Operation, Target, TranslatingRelay, case, expect

FIELD = "harbour_depth"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {FIELD: {"type": "integer"}, "berths": {"type": "array", "items": {"type": "string"}}},
    "required": [FIELD, "berths"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "harbour", "strict": True, "schema": SCHEMA}}


@case(
    "translation.json-schema",
    level="MUST",
    on=ON_CHAT,
    needs=["two_sided", "translates"],
    refs=["OAI ResponseFormatJsonSchema", "anthropic: output_format", "gemini: responseJsonSchema", "ollama: format"],
)
async def json_schema(target: Target, ask: Operation) -> Findings:
    """The schema of the response reaches the provider: as its own parameter, as a tool's, or in words."""
    response = await ask(response_format=FORMAT)
    yield expect("status", response.status, equals=200)
    text = (await target.forwarded(response)).body.decode(errors="replace")
    found = [name for name in (FIELD, "berths", "integer", "array") if name in text]
    yield expect("parts of the schema", found, equals=[FIELD, "berths", "integer", "array"])


@json_schema.mutant(killed_by="status")
class RefusesSchemas(TranslatingRelay):
    """There is no translation for a schema."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        if "response_format" in body:
            raise ValueError("a response format")
        return super().to_request(body)


@json_schema.mutant(killed_by="parts of the schema")
class AsksForAnyJson(TranslatingRelay):
    """A schema isn't translated, and the model answers what it likes."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        return super().to_request({name: value for name, value in body.items() if name != "response_format"})


@json_schema.mutant(killed_by="parts of the schema")
class FlattensSchemas(TranslatingRelay):
    """Of a schema, the names of the properties are kept, and every one is a text."""

    def to_request(self, body: dict[str, Any]) -> dict[str, Any]:
        if "response_format" in body:
            flat = {"type": "object", "properties": {name: {"type": "string"} for name in SCHEMA["properties"]}}
            body = {**body, "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": flat}}}
        return super().to_request(body)
