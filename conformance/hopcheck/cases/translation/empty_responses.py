"""Responses without a text."""

from typing import Any

from hopcheck import (
    ON_CHAT,
    Events,
    Findings,
    Operation,
    RelayedResponse,
    Stream,
    Target,
    TranslatingRelay,
    case,
    dig,
    edits,
    expect,
    reply,
)
from hopcheck.cases.translation.endings import finish_of


@case(
    "translation.empty-response",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["OAI ChatCompletionResponseMessage", "anthropic: empty content", "gemini: no parts"],
    upstream=reply.chat(),
)
async def empty_response(target: Target, ask: Operation) -> Findings:
    """A response without a text is one like any other: it has a role, no text, and its finish reason."""
    response = await ask()
    yield expect("finish reason", finish_of(response), equals="stop")
    texts = [response.joined()] if isinstance(response, Stream) else [response.at("choices", 0, "message", "content")]
    yield expect("texts that nobody wrote", [text for text in texts if text], equals=[])
    if isinstance(response, Stream):
        roles = [dig(delta, "role") for delta in response.deltas()[:1]]
        yield expect("role of the first delta", roles, equals=["assistant"])


class EditsEmptyChoices(TranslatingRelay):
    """Where a response has no text, the end of its choice is changed."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        """Change a choice, or what it says last."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        def change(choice: dict[str, Any]) -> None:
            if not choice["message"].get("content"):
                self.edit(choice, choice["message"])

        return edits.choices(response, change)

    async def events(self, events: Events) -> Events:
        has_text = False
        async for event in events:
            has_text = has_text or bool(edits.text_of(edits.chunk_of(event) or {}))
            yield event if has_text else edits.chunk(event, self._end)

    def _end(self, chunk: dict[str, Any]) -> None:
        for choice in chunk["choices"]:
            if choice["finish_reason"]:
                self.edit(choice, choice["delta"])


@empty_response.mutant(killed_by="finish reason", trips=("translation.*",))
class CallsNothingCutOff(EditsEmptyChoices):
    """A response without a text was cut off."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        choice["finish_reason"] = "length"


@empty_response.mutant(killed_by="texts that nobody wrote", trips=("translation.*",))
class FillsEmptyResponses(EditsEmptyChoices):
    """Where there is no text, it says so."""

    def edit(self, choice: dict[str, Any], content: dict[str, Any]) -> None:
        content["content"] = "(no content)"


@empty_response.mutant(killed_by="role of the first delta", on="chat.stream")
class NamesNoRole(TranslatingRelay):
    """A stream doesn't say whose it is."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, lambda choice: choice["delta"].pop("role", None))
