"""The reasoning of a model, which many providers send in fields that OpenAI doesn't have."""

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, case, dig, edits, expect, reply

WORDS = ("First the user ", "says hello; ", "so do I.")
THOUGHT = "".join(WORDS)

SCRIPTS = {
    "": reply.chat("Hello.", message={"reasoning_content": THOUGHT}),
    "pieces": reply.events(
        reply.delta(role="assistant", content=None),
        *(reply.delta(reasoning_content=word) for word in WORDS),
        reply.delta(content="Hello."),
        reply.delta(finish="stop"),
    ),
    "between": reply.events(
        reply.delta(role="assistant", reasoning_content=WORDS[0]),
        reply.delta(content="Hel"),
        *(reply.delta(reasoning_content=word) for word in WORDS[1:]),
        reply.delta(content="lo."),
        reply.delta(finish="stop"),
    ),
}


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
    yield expect("in one piece", dig(answer.message, "reasoning_content"), equals=THOUGHT)
    streamed = [(await target.chat.stream(script=script)).joined("reasoning_content") for script in SCRIPTS]
    yield expect("streamed", streamed, equals=[THOUGHT] * len(SCRIPTS))


@reasoning_content.mutant(killed_by="in one piece")
class KeepsKnownFields(Relay):
    """A message keeps only the fields that OpenAI's client library knows."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.pop("reasoning_content", None))


@reasoning_content.mutant(killed_by="streamed")
class StreamsKnownFields(Relay):
    """A delta keeps only the fields that OpenAI's client library knows."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield edits.deltas(event, lambda delta: delta.pop("reasoning_content", None))


@reasoning_content.mutant(killed_by="streamed")
class ThinksOrTalks(Relay):
    """A thought that comes after the first text is lost."""

    async def events(self, events: Events) -> Events:
        talks = False
        async for event in events:
            if talks:
                event = edits.deltas(event, lambda delta: delta.pop("reasoning_content", None))
            talks = talks or bool(edits.text_of(edits.chunk_of(event) or {}))
            yield event
