"""Mutants whose fault in a response shows under one condition: in the second of something, or beyond a length."""

from typing import Any

from hopcheck import EditsObjects, Event, Events, Relay, RelayedResponse, edits
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


@violates("chat.n-choices")
class FiltersTheFirst(Relay):
    """Choices after the first weren't filtered, whatever the provider says."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def edit(choice: Json) -> None:
            if choice["index"] and choice["finish_reason"] == "content_filter":
                choice["finish_reason"] = "stop"

        return edits.choices(response, edit)


@violates("chat.n-choices")
class CountsOneChoice(Relay):
    """Of several choices, the tokens of one are counted."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def edit(body: Json) -> None:
            usage, number = body["usage"], len(body["choices"])
            usage["completion_tokens"] //= number
            usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]

        return edits.body(response, edit)


@violates("stream.n-choices")
class CountsOneStreamedChoice(Relay):
    """Of several streamed choices, the tokens of one are counted."""

    def events(self, events: Events) -> Events:
        def edit(chunk: Json) -> None:
            if usage := chunk.get("usage"):
                usage["completion_tokens"] //= 3
                usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"]

        return edits.chunks(events, edit)


@violates("tools.arguments-bytes")
class CutsLongArguments(EditsObjects):
    """Arguments of more than 16,384 characters are cut."""

    def edit(self, content: Json) -> None:
        if isinstance(content.get("arguments"), str):
            content["arguments"] = content["arguments"][:16_384]


@violates("responses.calls")
class CutsTheEndOfCalls(EditsObjects):
    """Arguments of more than 16,384 characters are cut where they stand whole."""

    def edit(self, content: Json) -> None:
        if isinstance(content.get("arguments"), str):
            content["arguments"] = content["arguments"][:16_384]


class DropsLater(Relay):
    """Base of those that pass the first delta of a kind on, and no other one."""

    kind = ""

    async def events(self, events: Events) -> Events:
        number = 0
        async for event in events:
            number += self.is_one(event)
            if number < 2 or not self.is_one(event):
                yield event

    def is_one(self, event: Event) -> bool:
        """Whether it is a delta of the kind."""
        return f'"{self.kind}"'.encode() in event.raw


@violates("messages.other-blocks", on="messages.stream")
class SignsOnce(DropsLater):
    """Of the signatures of a stream, the first is passed on."""

    kind = "signature_delta"


@violates("messages.other-blocks", on="messages.stream")
class CitesOnce(DropsLater):
    """Of the citations of a stream, the first is passed on."""

    kind = "citations_delta"


@violates("messages.usage")
class ForgetsTheHour(EditsObjects):
    """What a cache keeps for an hour is counted with what it keeps for five minutes."""

    def edit(self, content: Json) -> None:
        if hour := content.pop("ephemeral_1h_input_tokens", 0):
            content["ephemeral_5m_input_tokens"] += hour


@violates("messages.other-blocks")
class CountsNoSearches(EditsObjects):
    """How many searches a message cost is left out."""

    def edit(self, content: Json) -> None:
        if isinstance(content.get("server_tool_use"), dict):
            del content["server_tool_use"]


@violates("stream.delta-fields")
class ForgetsPredictions(Relay):
    """How many tokens of a prediction were of no use is left out in streams."""

    def events(self, events: Events) -> Events:
        def edit(chunk: Json) -> None:
            if usage := chunk.get("usage"):
                (usage.get("completion_tokens_details") or {}).pop("rejected_prediction_tokens", None)

        return edits.chunks(events, edit)
