"""A text in its pieces."""

from hopcheck import Event, Events, Findings, Operation, Relay, Target, case, edits, event_of, expect, reply


@case(
    "responses.pieces",
    level="SHOULD",
    on="responses.stream",
    refs=["OAI Responses streaming: response.output_text.delta"],
    upstream=reply.chat("Hel", "lo", ", ", "wor", "ld"),
)
async def pieces(target: Target, ask: Operation) -> Findings:
    """A text comes in the pieces in which the provider gives it, or in smaller ones, and each piece once."""
    stream = await ask.stream()
    yield expect("text", stream.joined(), equals="Hello, world")
    yield expect("pieces", len(stream.deltas()), at_least=5)


@pieces.mutant(killed_by="text", trips=("responses.*",))
class Stutters(Relay):
    """Every piece of a text is sent twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if edits.text_of(event.json):
                yield event


@pieces.mutant(killed_by="pieces")
class CollectsPieces(Relay):
    """A text comes in one piece."""

    async def events(self, events: Events) -> Events:
        held: Event | None = None
        async for event in events:
            text = edits.text_of(event.json)
            if text:
                before = edits.text_of(held.json) if held else ""
                held = event_of({**event.json, "delta": before + text}, event.event)
                continue
            if held is not None:
                yield held
                held = None
            yield event
