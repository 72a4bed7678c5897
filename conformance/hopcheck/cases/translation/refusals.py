"""A model that refuses, which some dialects tell from a model that answers."""

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

REFUSAL = "I can't help with that."
FIELDS = ("refusal", "content")
"""Where a client may find the words."""


@case(
    "translation.refusal",
    level="MUST",
    on=ON_CHAT,
    needs=["translates"],
    refs=["OAI ChatCompletionResponseMessage refusal", "OAI response.refusal.delta"],
    upstream=reply.chat(message={"refusal": REFUSAL}),
)
async def refusal(target: Target, ask: Operation) -> Findings:
    """The words with which a model refuses reach the client, as a refusal or as text."""
    response = await ask()
    if isinstance(response, Stream):
        texts: list[Any] = [response.joined(name) for name in FIELDS]
    else:
        texts = [response.at("choices", 0, "message", name) for name in FIELDS]
    yield expect("words", "".join(str(text) for text in texts if text), equals=REFUSAL)


class EditsRefusals(TranslatingRelay):
    """Refusals are changed, whole or piece by piece."""

    providers = ("openai_responses",)

    def edit(self, text: str) -> str | None:
        """The words that are passed on."""
        return text

    def _change(self, message: dict[str, Any]) -> None:
        if message.get("refusal"):
            message["refusal"] = self.edit(message["refusal"])

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, self._change)

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.deltas(event, self._change)


@refusal.mutant(killed_by="words")
class KnowsTextAlone(EditsRefusals):
    """A response has a text, or calls, and nothing else."""

    def edit(self, text: str) -> str | None:
        return None
