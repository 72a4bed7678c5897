"""The text of a chat stream."""

from itertools import takewhile

from hopcheck import ODD_PIECES, ODD_TEXT, Events, Findings, Relay, Target, case, edits, expect, reply

OTHER_TEXTS = ("chat.reasoning-content", "messages.*", "responses.*")
"""Cases with the same odd text."""

MANY = 1000
PART = 100


@case("stream.content-exact", level="MUST", refs=["gatewayproof", "failoverbench"], upstream=reply.stream(*ODD_PIECES))
async def content_exact(target: Target) -> Findings:
    """The deltas of a stream, joined, are the provider's text, character for character."""
    stream = await target.chat.stream()
    yield expect("text", stream.joined(), equals=ODD_TEXT)


@content_exact.mutant(killed_by="text", trips=("stream.nonstream-parity",))
class StripsDeltas(Relay):
    """White space at the ends of a delta is taken for noise, if there is more than one of it."""

    def events(self, events: Events) -> Events:
        def strip(choice: dict[str, dict[str, str]]) -> None:
            if (choice["delta"].get("content") or "").startswith("  "):
                choice["delta"]["content"] = choice["delta"]["content"].strip()

        return edits.chunk_choices(events, strip)


@content_exact.mutant(killed_by="text", trips=OTHER_TEXTS)
class SplitsAtEveryLineEnd(Relay):
    """What Python takes for a line end cuts an event, which is then no JSON, and is skipped."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if not set(event.data or "") & {"\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85"}:
                yield event


@content_exact.mutant(killed_by="text", trips=("stream.frame-split",))
class DropsRepeats(Relay):
    """A delta that says the same as the one before is taken for sent twice."""

    async def events(self, events: Events) -> Events:
        before = ""
        async for event in events:
            text = edits.text_of(edits.chunk_of(event) or {})
            if not text or text != before:
                yield event
            before = text


@content_exact.mutant(killed_by="text")
class DropsWhiteSpace(Relay):
    """A delta of nothing but white space is taken for empty."""

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, lambda chunk: edits.text_of(chunk).isspace())


@content_exact.mutant(killed_by="text", trips=OTHER_TEXTS)
class LooksForDoneAnywhere(Relay):
    """The stream ends where its text says `[DONE]`."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if "[DONE]" in (event.data or ""):
                return


@case(
    "stream.long",
    level="SHOULD",
    refs=["litellm#6404"],
    isolation="exclusive",
    floods=True,
    upstream={
        "": reply.stream(*(f"{number} " for number in range(MANY))),
        "part": reply.stream(*(f"{number} " for number in range(PART))),
    },
)
async def long(target: Target) -> Findings:
    """A stream of 1,000 chunks arrives without gaps, repeats or changes of order."""
    script, number = ("", MANY) if target.in_full else ("part", PART)
    words = (await target.chat.stream(script=script)).joined().split()
    in_order = sum(1 for _ in takewhile(lambda pair: pair[0] == str(pair[1]), zip(words, range(number), strict=False)))
    yield expect("numbers in order", [len(words), in_order], equals=[number, number])


@long.mutant(killed_by="numbers in order")
class ForgetsTheOldest(Relay):
    """A stream's queue holds 512 events, and what comes on top is dropped."""

    async def events(self, events: Events) -> Events:
        place = 0
        async for event in events:
            place += 1
            if place <= 512 or event.is_done:
                yield event
