"""Errors that a provider sends in other forms than OpenAI's."""

from typing import Any

from hopcheck import (
    FORWARDED,
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

TEXT = "The engine is out of memory."

ERROR = {"message": TEXT, "type": "server_error", "code": "out_of_memory"}


@case(
    "errors.in-success",
    level="SHOULD",
    on=FORWARDED,
    needs=["parses"],
    refs=["litellm#16530", "openrouter: errors with status 200"],
    upstream=reply.status(200, ERROR),
)
async def in_success(target: Target, ask: Operation) -> Findings:
    """A provider's 200 that holds an error object is an error: no client takes it for a response."""
    response = await ask()
    yield expect("status", response.status, holds=(response.status or 0) >= 400, to="a 4xx or 5xx")
    yield expect("message", dig(response.error, "message"), contains=TEXT)


@in_success.mutant(killed_by="status", trips=("messages.error-first", "responses.error-first"))
class PassesItOn(Relay):
    """Whatever comes with a 200 is a success."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind != "error-event":
            return await super().failed(incoming, failure)
        return RelayedResponse(incoming, 200, [("Content-Type", "application/json")], failure.body, "provider")


@in_success.mutant(killed_by="message", trips=("errors.*", "messages.*", "responses.*"))
class ForgetsWhy(Relay):
    """The error is the gateway's own, without the provider's words."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        error: Any = response.json["error"]
        return response.with_json({"error": {**error, "message": "Bad response from the provider."}})
