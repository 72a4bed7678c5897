"""Responses that go on from one that is stored."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    EditsErrors,
    Failure,
    Findings,
    Operation,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
)

PREVIOUS_GONE = {
    "message": "Previous response with id 'resp_gone' not found.",
    "param": "previous_response_id",
    "code": "previous_response_not_found",
}


CHAIN = {"": reply.chat("One."), "gone": reply.status(400, PREVIOUS_GONE)}


@case(
    "responses.previous",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: previous_response_id", "litellm: the history is lost, with a 200"],
    upstream=CHAIN,
)
async def previous(target: Target, ask: Operation) -> Findings:
    """A conversation goes on: the provider is given the id that it gave the response before; a lost one is an error."""
    first = await ask()
    attempt = await target.forwarded(first)
    own = _id(first)
    # The instructions of the response before don't hold for this one.
    second = await ask(text="Two?", previous_response_id=own, instructions="Be brief.")
    sent = dig((await target.forwarded(second)).json, "previous_response_id")
    known = {"the client's": own, "the provider's": _id_in(attempt.response.body.decode() if attempt.response else "")}
    yield expect("id of the response before", sent, one_of=[*known.values()])
    gone = await ask(script="gone", previous_response_id="resp_hopgone")
    yield expect("status of a lost response", gone.status, one_of=[400, 404])
    code = dig(gone.error, "code")
    yield expect("code of a lost response", code, equals="previous_response_not_found", level="SHOULD")


def _id(response: Any) -> Any:
    return dig(response.final, "id") if hasattr(response, "final") else response.at("id")


def _id_in(body: str) -> str:
    """The first id that a provider's response has."""
    _, _, rest = body.partition('"id":"')
    return rest.partition('"')[0]


@previous.mutant(killed_by="id of the response before")
class ForgetsThePast(edits.DropsFields):
    """Every response is the first."""

    fields = ("previous_response_id",)


@previous.mutant(
    killed_by="status of a lost response",
    trips=("errors.*", "responses.provider-errors", "fallback.not-on-client-error"),
)
class CrashesOnLostOnes(EditsErrors):
    """A provider that doesn't know a response has failed."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.status = 500 if response.status == 400 else response.status
        return response


@previous.mutant(killed_by="code of a lost response", trips=("errors.*", "responses.provider-errors"))
class CodesAreWords(EditsErrors):
    """Every error has the same code."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, code="bad_request")
