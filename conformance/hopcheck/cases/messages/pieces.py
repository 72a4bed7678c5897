"""A text in its pieces."""

from hopcheck import Event, Events, Findings, Operation, Relay, Target, case, edits, event_of, expect, reply


@case(
    "messages.pieces",
    level="SHOULD",
    on="messages.stream",
    refs=["Anthropic API streaming: text_delta"],
    upstream=reply.chat("Hel", "lo", ", ", "wor", "ld"),
)
async def pieces(target: Target, ask: Operation) -> Findings:
    """A text comes in the pieces in which the provider gives it, or in smaller ones, and each piece once."""
    stream = await ask.stream()
    yield expect("text", stream.joined(), equals="Hello, world")
    yield expect("pieces", len([one for one in stream.deltas() if one.get("text")]), at_least=5)


@pieces.mutant(killed_by="text", trips=("messages.*",))
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
                delta = {"type": "text_delta", "text": before + text}
                held = event_of({**event.json, "delta": delta}, event.event)
                continue
            if held is not None:
                yield held
                held = None
            yield event
