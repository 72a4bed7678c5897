"""The reasoning of a model, which many providers send in fields that OpenAI doesn't have."""

from hopcheck import (
    ODD_PIECES,
    ODD_TEXT,
    Events,
    Findings,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    expect,
    reply,
)

WORDS = ("First the user ", "says hello; ", "so do I.")
THOUGHT = "".join(WORDS)

SCRIPTS = {"": reply.chat("Hello.", reasoning=[ODD_TEXT]), "pieces": reply.chat("Hello.", reasoning=ODD_PIECES)}
BETWEEN = reply.events(
    reply.delta(role="assistant", reasoning_content=WORDS[0]),
    reply.delta(content="Hel"),
    reply.delta(reasoning_content=WORDS[1]),
    reply.delta(reasoning_content=WORDS[2], content="lo."),
    reply.delta(finish="stop"),
)


@case(
    "chat.reasoning-content",
    level="SHOULD",
    refs=["litellm#29216", "litellm#40654", "lm-proxy#69"],
    needs=["reasoning"],
    upstream=SCRIPTS,
)
async def reasoning_content(target: Target) -> Findings:
    """A provider's `reasoning_content` reaches the client, in one piece and streamed."""
    answer = await target.chat.create()
    yield expect("in one piece", dig(answer.message, "reasoning_content"), equals=ODD_TEXT)
    streamed = [(await target.chat.stream(script=script)).joined("reasoning_content") for script in SCRIPTS]
    yield expect("streamed", streamed, equals=[ODD_TEXT] * len(SCRIPTS))


@reasoning_content.mutant(killed_by="in one piece")
class KeepsKnownFields(Relay):
    """A message keeps only the fields that OpenAI's client library knows."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.pop("reasoning_content", None))


@reasoning_content.mutant(killed_by="streamed", trips=("chat.reasoning-between", "stream.flush-pieces"))
class StreamsKnownFields(Relay):
    """A delta keeps only the fields that OpenAI's client library knows."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.deltas(event, lambda delta: delta.pop("reasoning_content", None))


@case(
    "chat.reasoning-between",
    level="SHOULD",
    on="chat.stream",
    because="in one piece, all reasoning stands before the text",
    refs=["litellm#40654"],
    needs=["reasoning"],
    upstream=BETWEEN,
)
async def reasoning_between(target: Target) -> Findings:
    """Reasoning that a provider sends between two texts reaches the client whole, and so do the texts."""
    stream = await target.chat.stream()
    yield expect("reasoning", stream.joined("reasoning_content"), equals=THOUGHT)
    yield expect("text", stream.joined(), equals="Hello.")


@reasoning_between.mutant(killed_by="text")
class EndsTextAtThoughts(Relay):
    """A text that comes after the second thought is lost."""

    async def events(self, events: Events) -> Events:
        talks = thinks = False
        async for event in events:
            delta = dig(edits.chunk_of(event) or {}, "choices", 0, "delta") or {}
            thinks = thinks or (talks and "reasoning_content" in delta)
            talks = talks or bool(delta.get("content"))
            yield edits.deltas(event, lambda one: one.pop("content", None)) if thinks else event


@reasoning_between.mutant(killed_by="reasoning")
class ThinksOrTalks(Relay):
    """A thought that comes after the first text is lost."""

    async def events(self, events: Events) -> Events:
        talks = False
        async for event in events:
            if talks:
                event = edits.deltas(event, lambda delta: delta.pop("reasoning_content", None))
            talks = talks or bool(edits.text_of(edits.chunk_of(event) or {}))
            yield event
