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
    dig,
    edits,
    expect,
    reply,
)
from hopcheck.cases.messages.blocks import block_events, content_of, started, stopped, streamed

BEGUN = streamed(
    started(),
    *block_events(0, {"type": "text", "text": "Hel"}, {"type": "text_delta", "text": "lo"}),
    *stopped(),
)
"""A block may begin with words."""


@case(
    "messages.content-exact",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API messages: text"],
    upstream={"": reply.chat(*ODD_PIECES), "begun": BEGUN},
)
async def content_exact(target: Target, ask: Operation) -> Findings:
    """The text that the provider sent is the text that the client has, to the character."""
    yield expect("text", (await ask()).content, equals=ODD_TEXT)
    if ask.streams:
        begun = content_of(await ask(script="begun"))
        yield expect("text of a block's start", [dig(one, "text") for one in begun], equals=["Hello"])


@content_exact.mutant(killed_by="text")
class ComposesCharacters(EditsObjects):
    """Characters are composed."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda text: text.replace("a\u0308", "ä").replace("\u2028", "\n"))


@content_exact.mutant(killed_by="text of a block's start", on="messages.stream", trips=("messages.*",))
class BeginsEmpty(EditsObjects):
    """Every text begins empty."""

    def edit(self, content: dict[str, Any]) -> None:
        block: Any = content.get("content_block")
        if dig(block, "type") == "text":
            block["text"] = ""
