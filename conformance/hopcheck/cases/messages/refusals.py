"""Refusals of the provider."""

from hopcheck import (
    ON_MESSAGES,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
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
    yield expect("statuses", [one.status for one in answers.values()], equals=[*TYPES])
    types = {status: dig(one.error, "type") for status, one in answers.items()}
    yield expect("types", types, equals=TYPES, level="SHOULD")
    words = [status for status, one in answers.items() if f"on {status}." not in str(dig(one.error, "message"))]
    yield expect("words that are lost", words, equals=[], level="SHOULD")


class _Fails(Relay):
    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return self.changed(await super().failed(incoming, failure))

    def changed(self, response: RelayedResponse) -> RelayedResponse:
        """What is answered instead."""
        return response


@error_types.mutant(killed_by="statuses", trips=("errors.*",))
class RoundsStatuses(_Fails):
    """What is too large is a bad request like any other."""

    def changed(self, response: RelayedResponse) -> RelayedResponse:
        response.status = 400 if response.status == 413 else response.status
        return response


@error_types.mutant(killed_by="types", trips=("errors.*", "messages.overloaded"))
class KnowsTwoTypes(_Fails):
    """Every error is an invalid request."""

    def changed(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json(
            {**response.json, "error": {**response.json["error"], "type": "invalid_request_error"}}
        )


@error_types.mutant(killed_by="words that are lost", trips=("errors.*", "messages.error-first"))
class SaysBadRequest(_Fails):
    """The provider's words are replaced."""

    def changed(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_json({**response.json, "error": {**response.json["error"], "message": "Bad request."}})
