"""What a client must know to correct its request reaches it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hopcheck import (
    FORWARDED,
    OF_OPENAI,
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

TOO_LONG = {
    "message": "This model's maximum context length is 4097 tokens, and your messages have 5001.",
    "type": "invalid_request_error",
    "param": "messages",
    "code": "context_length_exceeded",
}
POLICY = {
    "message": "Your request was rejected: „Grüße, 世界“ 🙂. "
    + "It has this rule, and that rule. " * 40
    + "100% of {it}.",
    "type": "invalid_request_error",
    "param": "messages[0].content",
    "code": "content_policy_violation",
}
CHARSET = {"content-type": "application/json; charset=utf-8"}
ERRORS = {"too-long": TOO_LONG, "policy": POLICY}


@case(
    "errors.message-useful",
    level="SHOULD",
    on=FORWARDED,
    refs=["OAI Error", "litellm#6578", "failoverbench S12", "failoverbench S13"],
    upstream={"too-long": reply.status(400, TOO_LONG), "policy": reply.status(400, POLICY, headers=CHARSET)},
)
async def message_useful(target: Target, ask: Operation) -> Findings:
    """The message, code and param with which a provider refuses a request reach the client."""
    errors = {name: (await ask(script=name)).error for name in ERRORS}
    messages = {name: dig(error, "message") for name, error in errors.items()}
    kept = all(str(ERRORS[name]["message"]) in str(message) for name, message in messages.items())
    yield expect("messages", messages, holds=kept, to="the provider's messages, alone or with more around them")
    has_codes = ask.name in OF_OPENAI and not target.translates
    for field in ("code", "param") if has_codes else ():  # other dialects' errors have neither
        values = {name: dig(error, field) for name, error in errors.items()}
        yield expect(field, values, equals={name: error[field] for name, error in ERRORS.items()})


class Rewords(Relay):
    """Some of a provider's error is replaced."""

    instead: Mapping[str, Any]

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return response.with_json({"error": {**response.json["error"], **self.instead}})


@message_useful.mutant(killed_by="messages", trips=("errors.*", "messages.*", "responses.*"))
class SaysSomethingWentWrong(Rewords):
    """The client only learns that something went wrong."""

    instead = MappingProxyType({"message": "Something went wrong."})


@message_useful.mutant(killed_by="messages")
class FormatsMessages(Relay):
    """A message is taken for a template: a per cent sign in it is doubled."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, body=response.body.replace(b"%", b"%%"))


@message_useful.mutant(killed_by="code", on=OF_OPENAI, trips=("responses.*",))
class CodeIsTheStatusInWords(Rewords):
    """The code is the HTTP status, so programs can't tell one bad request from another."""

    instead = MappingProxyType({"code": "400"})


@message_useful.mutant(killed_by="param", on=OF_OPENAI)
class ForgetsParam(Rewords):
    """The error doesn't name the wrong field."""

    instead = MappingProxyType({"param": None})


@message_useful.mutant(killed_by="messages")
class ShortensMessages(Relay):
    """A message has at most 500 characters."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        body = response.json
        body["error"]["message"] = body["error"]["message"][:500]
        return response.with_json(body)


@message_useful.mutant(killed_by="messages")
class SpeaksAscii(Relay):
    """Characters of a message that aren't ASCII become question marks."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        body = response.json
        body["error"]["message"] = body["error"]["message"].encode("ascii", "replace").decode()
        return response.with_json(body)
