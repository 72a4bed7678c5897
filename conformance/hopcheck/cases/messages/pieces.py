"""A text in its pieces."""

from hopcheck import Events, Findings, Operation, Relay, Target, case, edits, expect, reply


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


@pieces.mutant(
    killed_by="text",
    trips=("messages.*", "fallback.*", "retry.not-after-first-byte", "stream.*", "timeout.stream-idle-not-total"),
)
class Stutters(Relay):
    """Every piece of a text is sent twice."""

    def events(self, events: Events) -> Events:
        return edits.repeat_texts(events)


@pieces.mutant(killed_by="pieces", trips=("cancel.*", "http.accept-encoding-sse", "stream.flush"))
class CollectsPieces(Relay):
    """A text comes in one piece."""

    def events(self, events: Events) -> Events:
        return edits.join_texts(events)
