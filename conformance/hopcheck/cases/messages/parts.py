"""Images and documents in a message."""

from typing import Any

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
from hopcheck.cases.messages.blocks import IMAGE, EditsBlocks

PAGE = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
    "title": "A",
}


PARTS: list[dict[str, Any]] = [IMAGE, {"type": "text", "text": "What is this?"}, PAGE]


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
    got = items(body, "messages", 0, "content")[:3]
    yield expect("kinds", [dig(one, "type") for one in got], equals=["image", "text", "document"])
    yield expect("parts", got, equals=PARTS)


@parts.mutant(killed_by="kinds", trips=("messages.result-turn",))
class TextsFirst(EditsBlocks):
    """Texts come first, then the rest."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(blocks, key=lambda one: one["type"] != "text")


@parts.mutant(killed_by="parts")
class ForgetsTitles(EditsBlocks):
    """Documents have no titles."""

    def edit(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{name: value for name, value in one.items() if name != "title"} for one in blocks]
