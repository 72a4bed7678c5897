"""Programs tell errors apart by the official client's exceptions."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from hopcheck import (
    OF_OPENAI,
    Failure,
    Findings,
    IncomingRequest,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI

CLASSES = {
    "400": ("BadRequestError",),
    "403": ("PermissionDeniedError", "InternalServerError"),
    "422": ("UnprocessableEntityError", "BadRequestError"),
    "500": ("InternalServerError",),
    "429": ("RateLimitError",),
}
"""The client's exceptions for a provider's errors, by its status: those of all statuses that tell a client the same, as
`errors.status-preserved` has them."""

TO = "an exception that belongs to each error"

REFUSED = ["AuthenticationError", "PermissionDeniedError"]
"""What a client with a wrong key may get: that it should be the first is for `auth.required` to say."""


@case(
    "errors.sdk-class",
    level="MUST",
    on=OF_OPENAI,
    because="it asks by the official client of OpenAI's APIs",
    refs=["openai-python", "litellm#1554"],
    isolation="cooldown",
    upstream={code: reply.status(int(code)) for code in CLASSES},
)
async def sdk_class(target: Target, ask: Operation) -> Findings:
    """The official client raises the exception that belongs to an error, and finds the error object in it."""
    async with target.sdk() as client:
        quiet = [code for code in CLASSES if code != "429"]  # after which some gateways rest their provider
        got = await asyncio.gather(*(_raised(target, ask, client, code) for code in quiet))
        raised = {**dict(zip(quiet, got, strict=True)), "429": await _raised(target, ask, client, "429")}
        refused = await _raised(target, ask, client.with_options(api_key="hopcheck-wrong-key"), "400")
    checks_keys = target.declares.auth_policy == "keys" and target.config.api_key
    classes = {code: type(error).__name__ for code, error in raised.items()}
    wrong = {code: name for code, name in classes.items() if name not in CLASSES[code]}
    yield expect("exceptions for the provider's errors", wrong, equals={}, to=TO)
    if checks_keys:
        yield expect("exception for a wrong key", type(refused).__name__, one_of=REFUSED)
    bodies = [getattr(error, "body", None) for error in raised.values()]
    messages = [isinstance(body, dict) and isinstance(body.get("message"), str) for body in bodies]
    yield expect("error objects with a message", messages, equals=[True] * len(CLASSES))


async def _raised(target: Target, ask: Operation, client: "AsyncOpenAI", script: str) -> Exception | None:
    text = f"Say hello. {target.marker(script)}"
    try:
        if not ask.generates:
            await client.embeddings.create(model=ask.model, input=text)
        elif ask.surface == "responses":
            await client.responses.create(model=ask.model, input=text, stream=ask.streams)
        else:
            await client.chat.completions.create(
                model=ask.model, messages=[{"role": "user", "content": text}], stream=ask.streams
            )
    except Exception as error:  # whatever it is, a program that uses the client gets it
        return error
    return None


@sdk_class.mutant(
    killed_by="exceptions for the provider's errors",
    trips=("errors.*", "fallback.*", "rate_limit.*", "timeout.*", "responses.*"),
)
class EverythingIsBadGateway(Relay):
    """All that the provider says but yes is a 502."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        return replace(await super().failed(incoming, failure), status=502)


@sdk_class.mutant(killed_by="exception for a wrong key", trips=("auth.required",))
class RefusesWithBadRequest(Relay):
    """A wrong key is a bad request."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().authorize(incoming)
        return refusal and replace(refusal, status=400)


@sdk_class.mutant(
    killed_by="error objects with a message",
    trips=("errors.*", "chat.*", "fallback.*", "stream.error-*", "timeout.*", "responses.*"),
)
class JustSentences(Relay):
    """An error is a sentence, not an object."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response.with_json({"error": response.json["error"]["message"]})
