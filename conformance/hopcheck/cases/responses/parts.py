"""Images and files in a conversation."""

from typing import Any

from hopcheck import (
    ON_RESPONSES,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    dig,
    edits,
    expect,
    items,
)

PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}


FILE = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}


ODD = " e\u0301\u2028\u0085\ufeff 👩\u200d🚀\r\n\t"
"""What careful programs put into another form, strip, or take for the end of a line."""

PARTS: list[dict[str, Any]] = [
    *({"type": "input_text", "text": text} for text in ("What is this?", ODD)),
    PICTURE,
    FILE,
]


@case(
    "responses.input-parts",
    level="MUST",
    on=ON_RESPONSES,
    refusable=True,
    refs=["OAI Responses: input"],
    needs=["two_sided"],
)
async def input_parts(target: Target, ask: Operation) -> Findings:
    """Texts, images and files of a message reach the provider in their order, and as they are."""
    got = await target.received(await ask(input=[{"role": "user", "content": PARTS}]))
    parts = [one for one in items(got, "input", 0, "content") if "hopcheck:" not in str(dig(one, "text"))]
    yield expect("parts", [dig(one, "type") for one in parts], equals=[one["type"] for one in PARTS])
    yield expect("content", parts, equals=PARTS)


@input_parts.mutant(killed_by="parts", trips=("responses.*", "requests.long-history", "retry.declared", "sessions.*"))
class ReadsTextOnly(Relay):
    """Of a message's parts, the texts are sent."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return edits.conversation(outgoing, _texts)


def _texts(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "content": [part for part in one["content"] if part["type"] == "input_text"]} for one in given]


@input_parts.mutant(killed_by="content")
class LooksClosely(Relay):
    """Every image is looked at in detail."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for part in items(body, "input", 0, "content"):
            if part["type"] == "input_image":
                part["detail"] = "high"
        return outgoing.with_json(body)


@input_parts.mutant(killed_by="content")
class ReadsLines(Relay):
    """The separators of lines that Unicode has become line feeds."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        body = outgoing.json
        for part in items(body, "input", 0, "content"):
            if part["type"] == "input_text":
                part["text"] = "\n".join(part["text"].splitlines())
        return outgoing.with_json(body)
