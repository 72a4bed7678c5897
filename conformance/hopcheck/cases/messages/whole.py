"""A message's text, to the character, whichever way it is asked for."""

from typing import Any

from hopcheck import (
    ODD_PIECES,
    ODD_TEXT,
    ON_MESSAGES,
    EditsObjects,
    Findings,
    Operation,
    Target,
    case,
    edits,
    expect,
    reply,
)


@case(
    "messages.content-exact",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API messages: text"],
    upstream=reply.chat(*ODD_PIECES),
)
async def content_exact(target: Target, ask: Operation) -> Findings:
    """The text that the provider sent is the text that the client has, to the character."""
    yield expect("text", (await ask()).content, equals=ODD_TEXT)


@content_exact.mutant(killed_by="text")
class ComposesCharacters(EditsObjects):
    """Characters are composed."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda text: text.replace("a\u0308", "ä").replace("\u2028", "\n"))
