"""Mutants of the cases about single fields of chat completions."""

from typing import Any

from hopcheck import Events, IncomingRequest, Relay, RelayedResponse, edits, refuse
from hopcheck.selftest.independent import violates


@violates("chat.finish-reason")
class FilteredIsCut(Relay):
    """An answer that was filtered was cut off by its length, it says."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self.edit)

    def edit(self, choice: dict[str, Any]) -> None:
        if choice.get("finish_reason") == "content_filter":
            choice["finish_reason"] = "length"


@violates("chat.refusal-annotations")
class ModernizesFinishReasons(Relay):
    """The old finish reason `function_call` becomes `tool_calls`."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self.edit)

    def edit(self, choice: dict[str, Any]) -> None:
        if choice.get("finish_reason") == "function_call":
            choice["finish_reason"] = "tool_calls"


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


@violates("chat.reasoning-between")
class SaysLateThoughtsAloud(Relay):
    """A piece of reasoning that comes after text is passed on as text."""

    def events(self, events: Events) -> Events:
        state: dict[str, bool] = {}

        def edit(choice: dict[str, Any]) -> None:
            delta = choice["delta"]
            if state.get("spoke") and "reasoning_content" in delta:
                delta["content"] = delta.pop("reasoning_content")
            state["spoke"] = state.get("spoke", False) or bool(delta.get("content"))

        return edits.chunk_choices(events, edit)


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


@violates("chat.service-fields")
class FingerprintsItself(Relay):
    """The system's fingerprint is the relay's own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.body(response, lambda body: body.update(system_fingerprint="fp_relay"))


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
