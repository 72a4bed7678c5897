"""What a model thought, and what only its provider can read of that."""

from typing import Any

from hopcheck import (
    ODD_PIECES,
    ODD_TEXT,
    ON_RESPONSES,
    EditsObjects,
    Findings,
    Operation,
    Target,
    case,
    dig,
    expect,
    items,
    reply,
)
from hopcheck.cases.responses.written import output_of

SECRET = "gAAAA+/c2ln" * 40


ENCRYPTED = "reasoning.encrypted_content"


@case(
    "responses.reasoning",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: reasoning", "litellm: reasoning without a summary"],
    upstream=reply.chat("Hello", reasoning=ODD_PIECES, signature=SECRET),
)
async def reasoning(target: Target, ask: Operation) -> Findings:
    """Reasoning comes before the text, with its summary, and with its encrypted content to the byte."""
    output = items(output_of(await ask(include=[ENCRYPTED], store=False)))
    yield expect("items", [dig(one, "type") for one in output], equals=["reasoning", "message"])
    yield expect("encrypted content", dig(output, 0, "encrypted_content"), equals=SECRET)
    yield expect("summary", dig(output, 0, "summary", 0, "text"), equals=ODD_TEXT)


class _Thinks(EditsObjects):
    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "reasoning":
            self.change(content)

    def change(self, item: dict[str, Any]) -> None:
        """Change an item of reasoning."""


@reasoning.mutant(killed_by="items", trips=("responses.*",))
class ThinksAfterwards(EditsObjects):
    """The final output has texts first."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("object") == "response":
            content["output"] = sorted(content["output"], key=lambda one: str(one["type"]))


@reasoning.mutant(killed_by="encrypted content", trips=("sessions.same-deployment",))
class ShortensSecrets(_Thinks):
    """Encrypted content is cut at 256 characters."""

    def change(self, item: dict[str, Any]) -> None:
        item["encrypted_content"] = item.get("encrypted_content", "")[:256]


@reasoning.mutant(killed_by="summary", trips=("responses.other-items",))
class KeepsThoughtsToItself(_Thinks):
    """Summaries are left out."""

    def change(self, item: dict[str, Any]) -> None:
        item["summary"] = []
