"""Fields that OpenAI's API requires, and that many servers leave out."""

from typing import Any

from hopcheck import Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, field_names, reply

TOKEN = {"token": "Hi", "logprob": -0.25, "bytes": [72, 105], "top_logprobs": []}


def _completion(logprobs: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hi", "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"}
    head = {"id": "chatcmpl-hop1", "object": "chat.completion", "created": 1735689600, "model": "fake-model"}
    return {**head, "choices": [choice], "usage": reply.USAGE}


@case(
    "chat.required-fields",
    level="SHOULD",
    refs=["OAI CreateChatCompletionResponse, required", "OAI Error, required"],
    upstream={
        "plain": reply.json_body(_completion(None)),
        "logprobs": reply.json_body(_completion({"content": [TOKEN], "refusal": None})),
        "error": reply.status(400),
    },
    trips_on=("chat.logprobs:*", "chat.refusal-annotations:DropsRefusals"),
)
async def required_fields(target: Target) -> Findings:
    """What OpenAI's API requires though it may be null, and a provider sends, isn't left out."""
    plain = (await target.chat.create(script="plain")).at("choices", 0)
    yield expect("refusal", field_names(dig(plain, "message")), contains="refusal")
    yield expect("logprobs", field_names(plain), contains="logprobs")
    asked = await target.chat.create(script="logprobs", logprobs=True)
    token = asked.at("choices", 0, "logprobs", "content", 0)
    yield expect("a token's log probability", token, equals=TOKEN)
    error = (await target.chat.create(script="error")).error
    yield expect("an error's fields", field_names(error), holds=_has_all(error), to="message, type, param and code")


def _has_all(error: Any) -> bool:
    return isinstance(error, dict) and {"message", "type", "param", "code"} <= set(error)


@required_fields.mutant(killed_by="refusal")
class OnlySendsRefusals(Relay):
    """A message without a refusal has no such field."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: _drop(choice["message"], "refusal"))


@required_fields.mutant(killed_by="logprobs")
class OnlySendsWantedLogprobs(Relay):
    """A choice without log probabilities has no such field."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: _drop(choice, "logprobs"))


@required_fields.mutant(killed_by="a token's log probability", trips=("chat.logprobs",))
class DropsEmptyAlternatives(Relay):
    """A token without alternatives has no list of them."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self._edit)

    def _edit(self, choice: dict[str, Any]) -> None:
        for token in dig(choice, "logprobs", "content") or ():
            _drop(token, "top_logprobs")


@required_fields.mutant(killed_by="an error's fields", trips=("errors.shape",))
class DropsNullsOfErrors(Relay):
    """An error has only those of its fields that say something."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self._edit, having="error")

    def _edit(self, body: dict[str, Any]) -> None:
        for field in ("param", "code") if body["error"] else ():
            _drop(body["error"], field)


def _drop(value: dict[str, Any], field: str) -> None:
    if not value.get(field):
        value.pop(field, None)
