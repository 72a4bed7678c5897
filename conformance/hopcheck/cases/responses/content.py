"""A text to the character, with its sources."""

from typing import Any

from hopcheck import (
    ODD_PIECES,
    ODD_TEXT,
    ON_RESPONSES,
    EditsObjects,
    Events,
    Findings,
    Operation,
    Relay,
    Stream,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
    without_additions,
)
from hopcheck.cases.responses.written import both, message, output_of

CITATION = {
    "type": "url_citation",
    "url": "https://example.org/?a=b&c",
    "title": "Ex",
    "start_index": 0,
    "end_index": 5,
}


ADDED = "response.output_text.annotation.added"
LOGPROBS = [{"token": "Hel", "logprob": -0.5, "bytes": [72, 101, 108], "top_logprobs": []}]


@case(
    "responses.content-exact",
    level="MUST",
    on=ON_RESPONSES,
    refs=["OAI Responses: output_text"],
    upstream=reply.chat(*ODD_PIECES),
)
async def content_exact(target: Target, ask: Operation) -> Findings:
    """The text that the provider sent is the text that the client has, to the character."""
    response = await ask()
    yield expect("text", response.content, equals=ODD_TEXT)
    yield expect("final text", dig(output_of(response), 0, "content", 0, "text"), equals=ODD_TEXT)


@content_exact.mutant(killed_by="text")
class ComposesCharacters(EditsObjects):
    """Characters are composed."""

    def edit(self, content: dict[str, Any]) -> None:
        edits.text(content, lambda text: text.replace("a\u0308", "ä").replace("\r\n", "\n"))


@content_exact.mutant(killed_by="final text", on="responses.stream", trips=("responses.sdk-stream",))
class StripsInTheEnd(EditsObjects):
    """The final text of a stream is stripped."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "output_text":
            content["text"] = content["text"].strip()


@content_exact.mutant(killed_by="final text", on="responses", also=("text",))
class StripsTexts(EditsObjects):
    """Texts are stripped."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "output_text":
            content["text"] = content["text"].strip()


@case(
    "responses.annotations",
    level="SHOULD",
    on=ON_RESPONSES,
    refs=["OAI Responses: annotations, logprobs"],
    upstream=both(message("Hello", annotations=[CITATION], logprobs=LOGPROBS)),
)
async def annotations(target: Target, ask: Operation) -> Findings:
    """A text's sources and probabilities reach the client."""
    response = await ask(script=ask.name)
    part = dig(output_of(response), 0, "content", 0)
    yield expect("annotations", without_additions(dig(part, "annotations"), [CITATION]), equals=[CITATION])
    if isinstance(response, Stream):
        added = [dig(one, "annotation") for one in response.objects if dig(one, "type") == ADDED]
        yield expect("annotations as they come", without_additions(added, [CITATION]), equals=[CITATION])
    yield expect("logprobs", without_additions(dig(part, "logprobs"), LOGPROBS), equals=LOGPROBS)


@annotations.mutant(killed_by="annotations")
class CitesNobody(EditsObjects):
    """A text has no sources."""

    def edit(self, content: dict[str, Any]) -> None:
        if content.get("type") == "output_text":
            content["annotations"] = []


@annotations.mutant(killed_by="logprobs")
class IsCertain(EditsObjects):
    """A text has no probabilities."""

    def edit(self, content: dict[str, Any]) -> None:
        content.pop("logprobs", None)


@annotations.mutant(killed_by="annotations as they come", on="responses.stream")
class CitesInTheEnd(Relay):
    """The sources of a text come with its final form alone."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if dig(event.json, "type") != ADDED:
                yield event
