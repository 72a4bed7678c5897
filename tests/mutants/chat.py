"""Mutants of the cases about chat completions in one piece."""

import time
import unicodedata
from typing import Any

from hopcheck import Events, Failure, IncomingRequest, Relay, RelayedResponse, edits, refuse
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


@violates("chat.finish-reason")
class ModernizesFinishReasons(Relay):
    """The old finish reason `function_call` becomes `tool_calls`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self.edit)

    def edit(self, choice: dict[str, Any]) -> None:
        if choice.get("finish_reason") == "function_call":
            choice["finish_reason"] = "tool_calls"


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


@violates("chat.logprobs")
class RoundsLogprobs(Relay):
    """Log probabilities are rounded to two digits."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self.edit)

    def edit(self, choice: dict[str, Any]) -> None:
        for token in (choice.get("logprobs") or {}).get("content") or []:
            token["logprob"] = round(token["logprob"], 2)


@violates("chat.logprobs")
class InsistsOnAlternatives(Relay):
    """Log probabilities without a number of alternatives are refused."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        body = incoming.json or {}
        if body.get("logprobs") and not body.get("top_logprobs"):
            return refuse(incoming, 400, "Give top_logprobs, too.", param="top_logprobs")
        return await super().check(incoming)


@violates("chat.model-echo", everywhere=True)
class NamesRoutesInStreams(Relay):
    """In streams, the model has the name of the route to it."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: chunk.update(model="deployment-3"))


@violates("chat.n-choices")
class NumbersChoicesAnew(Relay):
    """Choices are numbered in the order in which they stand, whatever index the provider gave them."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def number(body: dict[str, Any]) -> None:
            for place, choice in enumerate(body["choices"]):
                choice["index"] = place

        return edits.body(response, number)


@violates("chat.n-choices")
class KeepsTwoChoices(Relay):
    """Of several choices the first two are passed on."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(choices=body["choices"][:2]))


@violates("chat.reasoning-content", everywhere=True)
class StreamsReasoningOnce(Relay):
    """In a stream, only the first piece of the reasoning is passed on."""

    def events(self, events: Events) -> Events:
        passed = []

        def edit(choice: dict[str, Any]) -> None:
            if choice["delta"].get("reasoning_content"):
                passed.append(choice)
                if len(passed) > 1:
                    choice["delta"].pop("reasoning_content")

        return edits.chunk_choices(events, edit)


@violates("chat.reasoning-content")
class TrimsReasoning(Relay):
    """A reasoning is passed on without the white space around it, and without its last line."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        if message.get("reasoning_content"):
            message["reasoning_content"] = message["reasoning_content"].strip()[:-1]


@violates("chat.refusal-annotations")
class ModernizesFunctionCalls(Relay):
    """A function call of the old kind is passed on as a tool call."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        call = message.pop("function_call", None)
        if call:
            message["tool_calls"] = [{"id": "call_1", "type": "function", "function": call}]


@violates("chat.refusal-annotations")
class RenamesAudioData(Relay):
    """An audio's transcript is passed on as its text."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self.edit)

    def edit(self, message: dict[str, Any]) -> None:
        if message.get("audio"):
            message["audio"]["text"] = message["audio"].pop("transcript", "")


@violates("chat.required-fields")
class LeavesOutNullLogprobs(Relay):
    """A choice's `logprobs` are left out where they are null."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self.edit)

    def edit(self, choice: dict[str, Any]) -> None:
        if choice.get("logprobs", 0) is None:
            del choice["logprobs"]


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


@violates("chat.service-fields")
class FingerprintsItself(Relay):
    """The system's fingerprint is the relay's own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(system_fingerprint="fp_relay"))


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


@violates("chat.usage-details")
class FillsDetailsIn(Relay):
    """Where the provider gives no details of its token counts, they are filled in with zeros."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        zeros = {"cached_tokens": 0, "audio_tokens": 0}
        return edits.body(response, lambda body: body["usage"].setdefault("prompt_tokens_details", zeros))


@violates("chat.usage-details")
class DropsZeroReasoning(Relay):
    """A count of reasoning tokens that is zero is left out."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self.edit)

    def edit(self, body: dict[str, Any]) -> None:
        details = body["usage"].get("completion_tokens_details") or {}
        if details.get("reasoning_tokens") == 0:
            del details["reasoning_tokens"]


@violates("chat.usage-exact")
class AddsCountsUp(Relay):
    """The total is the sum of the other counts, whatever the provider says."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self.edit)

    def edit(self, body: dict[str, Any]) -> None:
        usage = body["usage"]
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]


@violates("chat.usage-exact")
class CountsCachedOff(Relay):
    """Cached tokens are taken off the prompt's count."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, self.edit)

    def edit(self, body: dict[str, Any]) -> None:
        cached = (body["usage"].get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        body["usage"]["prompt_tokens"] -= cached
