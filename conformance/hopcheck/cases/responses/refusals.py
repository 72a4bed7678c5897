"""Responses without a text: refusals, and no output at all."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    EditsObjects,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    expect,
    reply,
    without_additions,
)
from hopcheck.cases.responses.endings import final_of


@case(
    "responses.refusal",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: refusal", "litellm: a refusal becomes empty content"],
    upstream=reply.chat("I can't ", "help with that.", finish="refused"),
)
async def refusal(target: Target, ask: Operation) -> Findings:
    """A refusal reaches the client as one, with its words."""
    part = dig(final_of(await ask()), "output", 0, "content", 0)
    wanted = {"type": "refusal", "refusal": "I can't help with that."}
    yield expect("part", without_additions(part, wanted), equals=wanted)


@refusal.mutant(killed_by="part")
class SaysItAsText(EditsObjects):
    """A refusal is a text like any other."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "refusal":
            words = content.pop("refusal")
            content.update(type="output_text", text=words, annotations=[])


@case(
    "responses.empty-output",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: output", "litellm: an empty output becomes 500"],
    upstream=reply.chat(),
)
async def empty_output(target: Target, ask: Operation) -> Findings:
    """A complete response without output is a success, and stays one."""
    response = await ask()
    yield expect("status", response.status, equals=200)
    whole = final_of(response)
    yield expect("response", [dig(whole, "status"), dig(whole, "output")], equals=["completed", []])


@empty_output.mutant(
    killed_by="status", trips=("responses.*", "auth.*", "cache.*", "http.*", "retry.*", "sessions.*", "stream.*")
)
class WantsOutput(Relay):
    """A response without output is an error."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_empty = response.streamed or dig(response.json, "output") == []
        if response.status == 200 and is_empty:
            response.status = 500
        return response


@empty_output.mutant(killed_by="response", trips=("responses.*",))
class FillsIn(EditsObjects):
    """Where a response has no output, an empty text stands in."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response" and content["output"] == []:
            text = {"type": "output_text", "text": "", "annotations": []}
            message = {"id": "msg_own", "type": "message", "role": "assistant", "status": "completed"}
            content["output"] = [{**message, "content": [text]}]
