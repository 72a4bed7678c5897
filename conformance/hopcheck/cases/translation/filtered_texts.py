"""A response that its provider filtered after it had begun."""

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
    edits,
    expect,
    reply,
)
from hopcheck.cases.translation.endings import EndsLikeAnyOther, finish_of

TEXT = "It begins with"
FILTERING = ("anthropic", "gemini", "openai_responses")
"""Providers whose dialects say that a response was filtered."""


@case(
    "translation.filtered-text",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["gemini: SAFETY", "anthropic: refusal", "OAI finish_reason content_filter"],
    upstream=reply.chat("It begins", " with", finish="content_filter"),
)
async def filtered_text(target: Target, ask: Operation) -> Findings:
    """What a provider gave before it filtered the rest reaches the client, whose finish reason is `content_filter`."""
    response = await ask()
    await target.forwarded(response)
    text = response.joined() if isinstance(response, Stream) else response.at("choices", 0, "message", "content")
    yield expect("text before it", text, equals=TEXT)
    yield expect("finish reason", finish_of(response), equals="content_filter")


@filtered_text.mutant(killed_by="text before it", trips=("stream.flush",))
class TakesBackWhatItGave(TranslatingRelay):
    """A response that was filtered has no text, or in a stream not its last piece."""

    providers = FILTERING

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.choices(response, self._blank)

    async def events(self, events: Events) -> Events:
        held = None
        async for event in events:
            if held is not None and "content_filter" not in (event.data or ""):
                yield held
            held = event
        if held is not None:
            yield held

    def _blank(self, choice: dict[str, Any]) -> None:
        if choice["finish_reason"] == "content_filter":
            choice["message"]["content"] = None


@filtered_text.mutant(killed_by="finish reason", trips=("translation.*",))
class EndsWellAfterAll(EndsLikeAnyOther):
    """A response that was filtered is one like any other."""

    providers = FILTERING
