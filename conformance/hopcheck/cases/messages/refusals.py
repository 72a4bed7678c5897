"""Refusals of the provider."""

from hopcheck import (
    ON_MESSAGES,
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

TYPES = {
    400: "invalid_request_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}

ABOUT_THE_PROXY = {403: (502,), 404: (400, 502)}
"""What else a status may become: it can be about the proxy's account, or about the model that it asked for."""


@case(
    "messages.error-types",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API errors", "litellm: 413 becomes 400"],
    isolation="cooldown",
    upstream={str(status): reply.status(status, {"message": f"The provider's words on {status}."}) for status in TYPES},
)
async def error_types(target: Target, ask: Operation) -> Findings:
    """A provider's refusals keep their status and (SHOULD) Anthropic's type for it, and their words."""
    answers = {status: await ask(script=str(status)) for status in TYPES}
    got = {status: one.status for status, one in answers.items()}
    wrong = {code: one for code, one in got.items() if one not in (code, *ABOUT_THE_PROXY.get(code, ()))}
    yield expect("statuses", wrong, equals={}, to="each as it was, or 502 where it may be about the proxy itself")
    types = {status: dig(one.error, "type") for status, one in answers.items()}
    yield expect("types", types, equals=TYPES, level="SHOULD")
    words = [status for status, one in answers.items() if f"on {status}." not in str(dig(one.error, "message"))]
    yield expect("words that are lost", words, equals=[], level="SHOULD")


@error_types.mutant(killed_by="statuses", trips=("errors.*",))
class RoundsStatuses(EditsErrors):
    """What is too large is a bad request like any other."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.status = 400 if response.status == 413 else response.status
        return response


@error_types.mutant(killed_by="types", trips=("errors.*", "messages.overloaded"))
class KnowsTwoTypes(EditsErrors):
    """Every error is an invalid request."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, type="invalid_request_error")


@error_types.mutant(killed_by="words that are lost", trips=("errors.*", "messages.error-first"))
class SaysBadRequest(EditsErrors):
    """The provider's words are replaced."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, message="Bad request.")
