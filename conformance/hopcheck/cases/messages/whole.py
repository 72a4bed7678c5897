"""A message's text, to the character, whichever way it is asked for."""

from typing import Any

from hopcheck import ON_MESSAGES, EditsObjects, Findings, Operation, Target, case, edits, expect, reply

TEXT = '  Zażółć gęślą jaźń\n\n\t"quotes" \\ back/slash 🦜 \u2028 e\u0301 <b>&amp;</b>\r\n  .'


@case(
    "messages.content-exact",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API messages: text"],
    upstream=reply.chat(*[TEXT[place : place + 7] for place in range(0, len(TEXT), 7)]),
)
async def content_exact(target: Target, ask: Operation) -> Findings:
    """The text that the provider sent is the text that the client has, to the character."""
    yield expect("text", (await ask()).content, equals=TEXT)


@content_exact.mutant(killed_by="text")
class ComposesCharacters(EditsObjects):
    """Characters are composed."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda text: text.replace("e\u0301", "é").replace("\u2028", "\n"))
