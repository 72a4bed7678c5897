"""Refusals of the provider."""

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

REFUSALS: dict[str, tuple[int, dict[str, Any]]] = {
    "too-long": (400, {"code": "context_length_exceeded", "param": "input", "message": "The input has 5001 tokens."}),
    "policy": (400, {"code": "invalid_prompt", "param": None, "message": "The prompt was flagged."}),
    "too-large": (413, {"code": "request_too_large", "param": None, "message": "The request has 60 MB."}),
    "quota": (429, {"code": "insufficient_quota", "param": None, "message": "You have no quota left."}),
}


@case(
    "responses.provider-errors",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Error", "codex: context_length_exceeded ends the turn"],
    isolation="cooldown",
    upstream={name: reply.status(status, error) for name, (status, error) in REFUSALS.items()},
)
async def provider_errors(target: Target, ask: Operation) -> Findings:
    """A provider's refusals keep their status, and (SHOULD) their code and words: clients act by the code."""
    answers = {name: await ask(script=name) for name in REFUSALS}
    statuses = {name: one.status for name, one in answers.items()}
    yield expect("statuses", statuses, equals={name: status for name, (status, _) in REFUSALS.items()})
    codes = {name: dig(one.error, "code") for name, one in answers.items()}
    yield expect("codes", codes, equals={name: error["code"] for name, (_, error) in REFUSALS.items()}, level="SHOULD")
    lost = [
        name for name, one in answers.items() if str(REFUSALS[name][1]["message"]) not in str(dig(one.error, "message"))
    ]
    yield expect("words that are lost", lost, equals=[], level="SHOULD")


@provider_errors.mutant(killed_by="statuses", trips=("errors.*",))
class RoundsStatuses(EditsErrors):
    """What is too large is a bad request like any other."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.status = 400 if response.status == 413 else response.status
        return response


@provider_errors.mutant(killed_by="codes", trips=("errors.*", "responses.previous"))
class CodesAreStatuses(EditsErrors):
    """The code is the status."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, code=str(response.status))


@provider_errors.mutant(killed_by="words that are lost", trips=("errors.*", "responses.error-first"))
class SaysBadRequest(EditsErrors):
    """The provider's words are replaced."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, message="Bad request.")
