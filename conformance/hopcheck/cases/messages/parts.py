"""Images and documents in a message."""

from typing import Any
from unicodedata import normalize

from hopcheck import (
    ON_MESSAGES,
    Findings,
    Operation,
    Target,
    case,
    dig,
    expect,
    items,
)
from hopcheck.cases.messages.block_edits import EditsBlocks
from hopcheck.cases.messages.blocks import IMAGE

PAGE = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    "title": "A",
}


ODD = " e\u0301\u2028\u0085\ufeff 👩\u200d🚀\r\n\t"
"""What careful programs put into another form, strip, or take for the end of a line."""

PARTS: list[dict[str, Any]] = [IMAGE, {"type": "text", "text": "What is this?"}, PAGE, {"type": "text", "text": ODD}]


@case(
    "messages.parts",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API vision", "Anthropic API PDF"],
    needs=["two_sided"],
)
async def parts(target: Target, ask: Operation) -> Findings:
    """Images, documents and texts of a message reach the provider in their order, and as they are."""
    body = (await target.forwarded(await ask(messages=[{"role": "user", "content": PARTS}]))).json
    got = items(body, "messages", 0, "content")[: len(PARTS)]
    yield expect("kinds", [dig(one, "type") for one in got], equals=["image", "text", "document", "text"])
    yield expect("parts", got, equals=PARTS)


@parts.mutant(killed_by="kinds", trips=("messages.result-turn", "messages.cache-control", "sessions.agent-history"))
class TextsFirst(EditsBlocks):
    """Texts come first, then the rest."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(blocks, key=lambda one: one["type"] != "text")


@parts.mutant(killed_by="parts")
class ForgetsTitles(EditsBlocks):
    """Documents have no titles."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in one.items() if name != "title"} for one in blocks]


@parts.mutant(killed_by="parts")
class Composes(EditsBlocks):
    """Letters and their accents are put together."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "text": normalize("NFC", one["text"])} if "text" in one else one for one in blocks]
