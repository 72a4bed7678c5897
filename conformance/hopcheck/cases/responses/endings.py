"""How a response ends: incomplete, failed."""

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
    edits,
    expect,
    reply,
)
from hopcheck.cases.responses.written import written

ENDINGS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def final_of(response: Any) -> Any:
    """The whole response, in one piece or as the last event of its stream has it."""
    return response.final if hasattr(response, "final") else response.json


@case(
    "responses.incomplete",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: incomplete_details", "litellm#12992"],
    upstream={name: reply.chat("Hel", finish=name) for name in ENDINGS},
)
async def incomplete(target: Target, ask: Operation) -> Findings:
    """A response that was cut short says so, and why, and keeps what it has."""
    found = {name: final_of(await ask(script=name)) for name in ENDINGS}
    statuses = {name: dig(one, "status") for name, one in found.items()}
    yield expect("status", statuses, equals=dict.fromkeys(ENDINGS, "incomplete"))
    reasons = {name: dig(one, "incomplete_details", "reason") for name, one in found.items()}
    yield expect("reason", reasons, equals=ENDINGS)
    texts = {name: dig(one, "output", 0, "content", 0, "text") for name, one in found.items()}
    yield expect("text", texts, equals=dict.fromkeys(ENDINGS, "Hel"))


@incomplete.mutant(killed_by="status")
class IsAlwaysComplete(EditsObjects):
    """Every response that has ended is complete."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response" and content["status"] == "incomplete":
            content["status"] = "completed"


@incomplete.mutant(killed_by="reason")
class BlamesTheLimit(EditsObjects):
    """Whatever cut a response short, it was its limit."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("reason"):
            content["reason"] = "max_output_tokens"


@incomplete.mutant(killed_by="text")
class DropsHalfTexts(EditsObjects):
    """An incomplete response has no output."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response" and content["status"] == "incomplete":
            content["output"] = []


FAILED = written([], "failed", error={"code": "server_error", "message": "The model failed."})


@case(
    "responses.failed",
    level="MUST",
    on="responses",
    because="a stream that fails has a case of its own",
    refs=["OAI Responses: status", "litellm: a failed response becomes end_turn"],
    upstream=reply.json_body(FAILED),
)
async def failed(target: Target, ask: Operation) -> Findings:
    """A response with the status `failed` isn't a success without text: its status, or the HTTP status, says so."""
    response = await ask()
    shown = response.status != 200 or response.at("status") == "failed"
    yield expect("failure", [response.status, response.at("status")], holds=shown, to="an error, or `failed`")
    yield expect("message", dig(response.error, "message"), contains="The model failed.", level="SHOULD")


@failed.mutant(killed_by="failure", trips=("responses.*",))
class MakesTheBestOfIt(Relay):
    """A response that is there is complete."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(status="completed"), having="output")


@failed.mutant(killed_by="message")
class HidesTheReason(Relay):
    """No reason is given for a failure."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        wrong = {"code": "server_error", "message": "It failed."}
        return edits.body(response, lambda body: body.update(error=wrong), having="output")
