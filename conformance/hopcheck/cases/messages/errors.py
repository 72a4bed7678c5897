"""Errors of the Messages surface have its own shape, and an overloaded provider differs from a broken one."""

from hopcheck import (
    ON_MESSAGES,
    EditsErrors,
    Failure,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    contract_violations,
    edits,
    expect,
    reply,
)

JSON = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}


def _violations(body: object) -> list[str]:
    return contract_violations("ErrorResponse", body, "anthropic-messages")


@case("messages.own-errors", level="MUST", on=ON_MESSAGES, refs=["Anthropic API errors"], needs=["own_keys", "parses"])
async def own_errors(target: Target, ask: Operation) -> Findings:
    """A gateway's own refusals have Anthropic's shape: for a wrong key, for what is no JSON, for an unknown model."""
    stranger = await ask(key="hopcheck-wrong-key")
    yield expect("error for a wrong key", _violations(stranger.json), equals=[])
    garbled = await target.request("POST", ask.path, body=b'{"model": ', headers=JSON)
    yield expect("error for what is no JSON", _violations(garbled.json), equals=[])
    unknown = await ask(model="hopcheck-no-such-model")
    yield expect("error for an unknown model", _violations(unknown.json), equals=[])


class _OpenAIShaped(Relay):
    status = 0

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status != self.status:
            return response
        return response.with_json({"error": {"message": "No.", "type": "invalid_request_error", "code": None}})


@own_errors.mutant(killed_by="error for a wrong key", trips=("auth.*", "errors.*"))
class RefusesKeysForOpenAI(_OpenAIShaped):
    """Keys are refused in OpenAI's shape."""

    status = 401


@own_errors.mutant(killed_by="error for what is no JSON", trips=("errors.*", "messages.error-types"))
class RefusesJsonForOpenAI(_OpenAIShaped):
    """Bodies are refused in OpenAI's shape."""

    status = 400


@own_errors.mutant(killed_by="error for an unknown model", trips=("errors.*", "messages.error-types"))
class RefusesModelsForOpenAI(_OpenAIShaped):
    """Models are refused in OpenAI's shape."""

    status = 404


@case(
    "messages.overloaded",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API errors", "clients tell 529 from 500"],
    isolation="cooldown",
    upstream=reply.status(529, {"message": "Overloaded"}),
)
async def overloaded(target: Target, ask: Operation) -> Findings:
    """A provider's 529 stays a 529 of the type `overloaded_error`: clients wait for it, and give up on a 500."""
    response = await ask()
    yield expect("status", response.status, equals=529)
    yield expect("type", response.at("error", "type"), equals="overloaded_error", level="SHOULD")


@overloaded.mutant(killed_by="status", trips=("errors.*",))
class SaysServerError(EditsErrors):
    """An overloaded provider is an internal error."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        response.status = 500 if response.status == 529 else response.status
        return response


@overloaded.mutant(killed_by="type", trips=("errors.*", "messages.error-types"))
class SaysApiError(EditsErrors):
    """Every error has the same type."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, type="api_error")
