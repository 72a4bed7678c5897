"""Mutants of the cases about chat completions in one piece."""

import time
import unicodedata
from typing import Any

from hopcheck import Failure, IncomingRequest, Relay, RelayedResponse, edits, refuse
from hopcheck.selftest.independent import violates


def completion(incoming: IncomingRequest, text: str) -> dict[str, Any]:
    """A completion that no provider made."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    common = {"object": "chat.completion", "created": int(time.time()), "model": incoming.model}
    return {"id": f"chatcmpl-{incoming.id}", **common, "choices": [choice], "usage": usage}


def answered(incoming: IncomingRequest, body: Any) -> RelayedResponse:
    """A success with a body of the relay's own."""
    return RelayedResponse(incoming, 200, [("Content-Type", "application/json")]).with_json(body)


@violates("chat.content-exact")
class ComposesCharacters(Relay):
    """Text is brought into Unicode's composed normal form, so that some characters change."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("content"), str):
            message["content"] = unicodedata.normalize("NFC", message["content"])


@violates("chat.content-exact")
class UnifiesLineEnds(Relay):
    """A carriage return before a line feed is taken out of the text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        if isinstance(message.get("content"), str):
            message["content"] = message["content"].replace("\r\n", "\n")


@violates("chat.content-length-mismatch")
class TellsCutsAsText(Relay):
    """An answer that ends early becomes a success whose text says so."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "cut":
            return answered(incoming, completion(incoming, "The provider's answer ended early."))
        return await super().failed(incoming, failure)


@violates("chat.content-null")
class MakesNullAList(Relay):
    """A `content` of null next to tool calls becomes an empty list of parts."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        if message.get("tool_calls") and message.get("content") is None:
            message["content"] = []


@violates("chat.empty-choices")
class MakesUpAChoice(Relay):
    """An answer without choices is given one, with an empty text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        empty = completion(response.incoming, "")["choices"]
        return edits.body(response, lambda body: body.update(choices=body["choices"] or empty))


@violates("chat.id-unique")
class MakesIdsOfSeconds(Relay):
    """An answer's id is made of the second in which it was sent."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(id=f"chatcmpl-{int(time.time())}"))


@violates("chat.id-unique")
class TellsMilliseconds(Relay):
    """`created` is in milliseconds."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(created=int(time.time() * 1000)))


@violates("chat.invalid-upstream-json")
class TakesNothingForSilence(Relay):
    """A success with an empty body becomes a completion without text."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "garbled" and not failure.body.strip():
            return answered(incoming, completion(incoming, ""))
        return await super().failed(incoming, failure)


@violates("chat.invalid-upstream-json")
class RepairsHalfObjects(Relay):
    """An object that breaks off is closed, and what was in it is taken for the answer."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind == "garbled" and failure.body.startswith(b"{"):
            return answered(incoming, completion(incoming, "Hel"))
        return await super().failed(incoming, failure)


@violates("chat.large-request")
class RefusesLargeInPlainText(Relay):
    """A request of more than a mebibyte is refused with a 413 that is a line of text."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if len(incoming.body) > 2**20:
            return RelayedResponse(incoming, 413, [("Content-Type", "text/plain")], b"Request Entity Too Large")
        return await super().check(incoming)


@violates("chat.large-request")
class ShortensLongParts(Relay):
    """A part of a message that is longer than a million characters goes on with its end left out."""

    async def request(self, outgoing):
        body = outgoing.json
        for message in body.get("messages", []):
            for part in message["content"] if isinstance(message.get("content"), list) else []:
                if "image_url" in part:
                    part["image_url"]["url"] = part["image_url"]["url"][:1_000_000]
        return outgoing.with_json(body)


@violates("chat.large-response")
class LosesTheEndOfLongTexts(Relay):
    """Of a text of more than a million characters the last one is lost."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        text = message.get("content")
        if isinstance(text, str) and len(text) > 1_000_000:
            message["content"] = text[:-1]


@violates("chat.schema")
class IndexIsText(Relay):
    """The index of a choice is a text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, lambda choice: choice.update(index=str(choice["index"])))


@violates("chat.schema")
class CountsHalves(Relay):
    """The total of the tokens is estimated, with a fraction."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body["usage"].update(total_tokens=body["usage"]["total_tokens"] + 0.5))


@violates("chat.unknown-response-fields")
class BreaksOnUnknownMessageFields(Relay):
    """A field of a message that isn't known makes the answer an error."""

    KNOWN = frozenset(
        {"role", "content", "refusal", "tool_calls", "annotations", "audio", "function_call", "reasoning_content"}
    )

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        unknown = []
        edits.messages(response, lambda message: unknown.extend(message.keys() - self.KNOWN))
        return refuse(response.incoming, 502, "The answer has unknown fields.") if unknown else response
