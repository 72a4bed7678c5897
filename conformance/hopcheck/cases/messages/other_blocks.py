"""Blocks that no story of a provider's has: of its own tools, of kinds that came later."""

from typing import Any

from hopcheck import (
    ON_MESSAGES,
    EditsObjects,
    Events,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    without_additions,
)
from hopcheck.cases.messages.blocks import AT_THE_END, SEARCHES, USAGE, both, content_of
from hopcheck.cases.messages.usage import used

SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "Oslo"}}

FOUND = {"type": "web_search_result", "url": "https://example.org/", "title": "Oslo", "encrypted_content": "RXhh"}

RESULT = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [FOUND]}

CITATIONS = [
    {"type": "web_search_result_location", "url": "https://example.org/", "title": "Oslo", "cited_text": text}
    for text in ("Grey.", "Dim.")
]

CITED = {"type": "text", "text": "It is grey.", "citations": CITATIONS}

LATER = {"type": "hologram", "beams": [1, None]}

THOUGHTS = [{"type": "thinking", "thinking": f"{text} first.", "signature": f"Eq{text}/+==" * 9} for text in "AB"]

UNSAID = {"type": "thinking", "thinking": "", "signature": "Eq+/==" * 9}
"""A thought whose words aren't shown: its provider knows it by the signature."""

OTHERS: list[dict[str, Any]] = [THOUGHTS[0], SEARCH, RESULT, THOUGHTS[1], UNSAID, CITED, LATER]


@case(
    "messages.other-blocks",
    level="MUST",
    on=ON_MESSAGES,
    refs=["Anthropic API server tools", "Anthropic API citations"],
    upstream=both(*OTHERS),
)
async def other_blocks(target: Target, ask: Operation) -> Findings:
    """Blocks of the provider's own tools, thoughts, citations, later kinds, and the counts of all that arrive whole."""
    response = await ask(script=ask.name)
    yield expect("blocks", without_additions(content_of(response), OTHERS), equals=OTHERS)
    counts = {"input_tokens": (AT_THE_END if ask.streams else USAGE)["input_tokens"], **SEARCHES}
    yield expect("counts", {name: used(response).get(name) for name in counts}, equals=counts)


@other_blocks.mutant(killed_by="blocks")
class CitesNobody(EditsObjects):
    """Texts have no citations."""

    def edit(self, content: dict[str, Any]) -> None:
        content.pop("citations", None)
        if content.pop("citation", None):
            content.update(type="text_delta", text="")


@other_blocks.mutant(killed_by="blocks")
class CitesOnce(Relay):
    """Of the citations of a text, the first is kept."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.every_object(response, _cite_once)

    async def events(self, events: Events) -> Events:
        cited = False
        async for event in events:
            is_citation = dig(event.json, "delta", "type") == "citations_delta"
            if not (is_citation and cited):
                yield event
            cited = cited or is_citation


def _cite_once(content: dict[str, Any]) -> None:
    if "citations" in content:
        content["citations"] = content["citations"][:1]


@other_blocks.mutant(killed_by="blocks", on="messages.stream")
class SignsOnce(Relay):
    """Thoughts after the first have no signature."""

    async def events(self, events: Events) -> Events:
        signed = False
        async for event in events:
            is_signature = dig(event.json, "delta", "type") == "signature_delta"
            if not (is_signature and signed):
                yield event
            signed = signed or is_signature


@other_blocks.mutant(killed_by="counts")
class CountsTokensAlone(EditsObjects):
    """Of what a message has used, tokens are counted."""

    def edit(self, content: dict[str, Any]) -> None:
        if "input_tokens" in content or "output_tokens" in content:
            content.pop("server_tool_use", None)


@other_blocks.mutant(killed_by="counts", on="messages.stream")
class CountsInputAtTheStart(EditsObjects):
    """A stream's end counts its output alone, and not the input that searches have added."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "message_delta":
            content["usage"].pop("input_tokens", None)
