"""What a model thought, in blocks before the answer, signed so that their provider knows them again."""

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
    expect,
    reply,
    without_additions,
)
from hopcheck.cases.messages.blocks import both, content_of

SIGNATURE = "EqQB/c2ln+" * 60


REDACTED = {"type": "redacted_thinking", "data": "EmwKAhgB" * 20}


TEXT = {"type": "text", "text": "Hello"}


@case(
    "messages.thinking",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API extended thinking", "litellm: signatures are null"],
    upstream=reply.chat("Hello", reasoning=ODD_PIECES, signature=SIGNATURE),
)
async def thinking(target: Target, ask: Operation) -> Findings:
    """Thinking comes in a block of its own before the text, whole, and with its signature to the byte."""
    content = content_of(await ask())
    yield expect("blocks", [dig(one, "type") for one in content], equals=["thinking", "text"])
    yield expect("thinking", dig(content, 0, "thinking"), equals=ODD_TEXT)
    yield expect("signature", dig(content, 0, "signature"), equals=SIGNATURE)


@thinking.mutant(killed_by="blocks", on="messages", trips=("messages.other-blocks", "sessions.same-deployment"))
class AnswersAtOnce(EditsObjects):
    """Thinking is left out."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "message":
            content["content"] = [one for one in content["content"] if one["type"] != "thinking"]


@thinking.mutant(killed_by="blocks", on="messages.stream", trips=("messages.other-blocks",))
class ThinksAloud(EditsObjects):
    """Thinking is streamed as text."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "thinking":
            content.update(type="text", text="")
        if content.get("type") == "thinking_delta":
            content.update(type="text_delta", text=content.pop("thinking"))


@thinking.mutant(killed_by="thinking")
class ThinksLess(EditsObjects):
    """The end of what was thought is lost."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("thinking"):
            content["thinking"] = content["thinking"].removesuffix(" end  ")


@thinking.mutant(killed_by="signature", trips=("sessions.same-deployment",))
class SignsShortly(EditsObjects):
    """Signatures are cut at 256 characters."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("signature"):
            content["signature"] = content["signature"][:256]


@case(
    "messages.redacted-thinking",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API extended thinking: redacted_thinking"],
    upstream=both(REDACTED, TEXT),
)
async def redacted_thinking(target: Target, ask: Operation) -> Findings:
    """Thinking that only its provider can read reaches the client as it is."""
    blocks = content_of(await ask(script=ask.name))
    yield expect("blocks", without_additions(blocks, [REDACTED, TEXT]), equals=[REDACTED, TEXT])


@redacted_thinking.mutant(killed_by="blocks")
class SeesNoUse(EditsObjects):
    """What nobody can read is emptied."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "redacted_thinking":
            content["data"] = ""
