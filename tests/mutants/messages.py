"""Mutants of the cases about what a message of Anthropic's has, and how it ends."""

from typing import Any

from hopcheck import (
    EditsObjects,
    Failure,
    IncomingRequest,
    Relay,
    RelayedResponse,
    dig,
    edits,
    refuse,
)
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


@violates("messages.calls")
class CallsWithoutPlans(EditsObjects):
    """What a call is given is empty."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "tool_use":
            content["input"] = {}
        if content.get("type") == "input_json_delta":
            content["partial_json"] = ""


@violates("messages.content-exact")
class UnifiesLineEnds(EditsObjects):
    """Carriage returns are removed."""

    def edit(self, content: Json) -> None:
        edits.text(content, lambda text: text.replace("\r", ""))


@violates("messages.count-tokens")
class RoundsCounts(EditsObjects):
    """Counts are rounded to hundreds."""

    def edit(self, content: Json) -> None:
        if isinstance(content.get("input_tokens"), int):
            content["input_tokens"] = round(content["input_tokens"], -2)


@violates("messages.empty-content")
class PausesOnNothing(EditsObjects):
    """A message that ended without blocks has been paused."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "end_turn":
            content["stop_reason"] = "pause_turn"


@violates("messages.other-blocks")
class ClosesSources(EditsObjects):
    """What is encrypted in the results of a search is left out."""

    def edit(self, content: Json) -> None:
        content.pop("encrypted_content", None)
        content.pop("cited_text", None)


@violates("messages.redacted-thinking")
class CallsItThinking(EditsObjects):
    """Redacted thinking is an empty thought."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "redacted_thinking":
            content.update(type="thinking", thinking="", signature="")


@violates("messages.stop-reasons")
class RefusesQuietly(EditsObjects):
    """A refusal is the end of a turn."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "refusal":
            content["stop_reason"] = "end_turn"


@violates("messages.stop-sequence")
class StopsByItself(EditsObjects):
    """A message that a sequence ended has just ended."""

    def edit(self, content: Json) -> None:
        if content.get("stop_reason") == "stop_sequence":
            content["stop_reason"] = "end_turn"


@violates("messages.thinking")
class SignsInCapitals(EditsObjects):
    """Signatures are written in capitals."""

    def edit(self, content: Json) -> None:
        if content.get("signature"):
            content["signature"] = content["signature"].upper()


@violates("messages.usage")
class ReadsNoCaches(EditsObjects):
    """What was read from a cache is fresh input."""

    def edit(self, content: Json) -> None:
        if content.get("cache_read_input_tokens"):
            content["input_tokens"] += content.pop("cache_read_input_tokens")


@violates("messages.own-errors")
class RefusesInText(Relay):
    """An unknown model is refused in plain text."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or refusal.status != 404 or not incoming.model:
            return refusal
        return RelayedResponse(incoming, 404, [("Content-Type", "text/plain")], b"no such model")


@violates("messages.overloaded")
class SaysUnavailable(Relay):
    """An overloaded provider is unavailable."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return refuse(incoming, 503, "Overloaded") if failure.status == 529 else response


@violates("messages.error-types")
class ForbidsNothing(Relay):
    """What is forbidden isn't found."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        response.status = 404 if failure.status == 403 else response.status
        return response


@violates("messages.limit-headers")
class CountsItsOwnLimits(Relay):
    """How many requests are left is the gateway's own count."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        name = "anthropic-ratelimit-requests-remaining"
        return response.with_header(name, "1000") if response.header(name) else response


@violates("messages.key-header")
class ForgetsToCheck(Relay):
    """A key in `x-api-key` is passed over, and a request without another key is anybody's."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        return await super().authorize(incoming) if incoming.header("authorization") else None


@violates("messages.limit-headers")
class ComesBackAtOnce(Relay):
    """A refusal may be tried again at once."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        is_limit = response.status == 429 and dig(response.json, "error", "type") == "rate_limit_error"
        return response.with_header("Retry-After", "0") if is_limit else response
