"""Calls and their results, as a client sends them back."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    edits,
    expect,
    field_names,
    items,
)
from hopcheck.cases.responses.calls import ODD

PIXEL = "data:image/png;base64,iVBORw0KGgo="
PARTS = [{"type": "input_text", "text": "Oslo, "}, {"type": "input_image", "image_url": PIXEL, "detail": "low"}]

ASKED: list[dict[str, Any]] = [
    {"role": "user", "content": "Weather and time in Oslo?"},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"},
    {"type": "function_call", "id": "fc_1", "call_id": "call_hop1", "name": "weather", "arguments": ODD},
    {"type": "custom_tool_call", "call_id": "call_hop2", "name": "shell", "input": "date\n"},
    {"type": "custom_tool_call_output", "call_id": "call_hop2", "output": "noon"},
    {"type": "function_call_output", "call_id": "call_hop1", "output": '{"sky": "grau"}'},
    {"type": "function_call", "call_id": "call_hop3", "name": "map", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_hop3", "output": PARTS},
    {"type": "function_call", "call_id": "call_hop4", "name": "clear", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_hop4", "output": ""},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Grey.", "annotations": []}]},
    {"role": "user", "content": "And tomorrow?"},
]


@case(
    "responses.call-turn",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: function_call_output", "codex: every turn repeats all items"],
    needs=["two_sided"],
)
async def call_turn(target: Target, ask: Operation) -> Findings:
    """A conversation's calls, results and reasoning reach the provider in their order, with their ids and texts."""
    given = items((await target.forwarded(await ask(input=ASKED))).json, "input")
    yield expect("types", [_type_of(one) for one in given], equals=[_type_of(one) for one in ASKED])
    yield expect("members", [_members_of(one) for one in given], equals=[_members_of(one) for one in ASKED])


def _type_of(item: Any) -> Any:
    return item.get("type", "message") if isinstance(item, dict) else None


def _members_of(item: Any) -> dict[str, Any]:
    """What of an item has to arrive to the byte."""
    kept = ("call_id", "name", "arguments", "input", "output", "encrypted_content")
    return {name: item[name] for name in field_names(item) if name in kept}


class _EditsInput(Relay):
    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, self.edit)

    def edit(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What is sent in the place of the items."""
        return given


@call_turn.mutant(killed_by="types", trips=("sessions.*",))
class SortsResults(_EditsInput):
    """Results follow their calls at once."""

    def edit(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(given, key=lambda one: str(one.get("call_id", "")))


@call_turn.mutant(killed_by="members")
class JoinsParts(_EditsInput):
    """Of a result that is made of parts, the texts are sent."""

    def edit(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "output": _text_of(one["output"])} if "output" in one else one for one in given]


def _text_of(output: Any) -> Any:
    return "".join(part.get("text", "") for part in output) if isinstance(output, list) else output


@call_turn.mutant(killed_by="members", trips=("sessions.*",))
class CountsCalls(_EditsInput):
    """Calls and results get ids of the gateway's own."""

    def edit(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "call_id": f"own_{one['call_id']}"} if "call_id" in one else one for one in given]
