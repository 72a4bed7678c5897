"""Comments in event streams, by which servers keep connections alive."""

from hopcheck import STREAMED, Events, Findings, Operation, Relay, Target, case, event_of, expect, reply

WHOLE = {"text": "Hello", "finish": "stop", "done": True}


@case(
    "stream.comments",
    level="MUST",
    refs=["WHATWG 9.2.6", "mnfst#2053", "OmniRoute#7031", "shell_gpt#358"],
    upstream=reply.events(
        ": connected\n\n",
        reply.delta(role="assistant", content="Hel"),
        ": OPENROUTER PROCESSING\n\n:\n\n",
        reply.delta(content="lo"),
        ": keep-alive\n",
        reply.delta(finish="stop"),
        ":\n\n",
    ),
)
async def comments(target: Target) -> Findings:
    """A provider's comments are dropped, or passed on as comments, and never as data."""
    stream = await target.chat.stream()
    yield expect("answer", stream.summary, equals=WHOLE)
    yield expect("data that isn't JSON", stream.unreadable, equals=[])


@comments.mutant(killed_by="answer", trips=("stream.typed-lines",))
class ChokesOnComments(Relay):
    """The first comment is taken for the end of the stream."""

    def sound(self, events: Events) -> Events:
        return super().sound(_until_comment(events))


@comments.mutant(killed_by="data that isn't JSON")
class SendsCommentsAsData(Relay):
    """A comment is passed on behind `data: `."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event_of(f": {event.comments[0]}") if event.comments and event.data is None else event


async def _until_comment(events: Events) -> Events:
    async for event in events:
        if event.comments:
            return
        yield event


@case(
    "stream.own-keepalive",
    on=STREAMED,
    level="SHOULD",
    refs=["llmgateway#2334", "openai-python#2722", "omlx#1011"],
    upstream=reply.stream("Hel", "lo", pace_s=0.5),
)
async def own_keepalive(target: Target, ask: Operation) -> Findings:
    """What a target sends to keep a stream alive is no data that clients can't read, such as an empty event."""
    stream = await ask.stream()
    yield expect("data that isn't JSON", stream.unreadable if stream.data else "no data came", equals=[])


@own_keepalive.mutant(
    killed_by="data that isn't JSON", trips=("stream.comments", "stream.malformed-chunk", "responses.*")
)
class SendsEmptyData(Relay):
    """Empty data events keep the connection alive, and clients try to parse them."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if not event.is_done:
                yield event_of("")
