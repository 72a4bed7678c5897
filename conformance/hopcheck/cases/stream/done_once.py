"""A chat stream ends once, and cleanly."""

from collections.abc import AsyncIterator

from hopcheck import (
    DONE,
    Events,
    Findings,
    Relay,
    Target,
    case,
    edits,
    event_of,
    expect,
    function_tools,
    incoming,
    reply,
)

CALL = reply.call("look_up", '{"q":', '"x"}')


@case(
    "stream.done-once",
    level="MUST",
    refs=["OAI streaming", "tempoxyz/mpp#975"],
    upstream={"": reply.stream("Hel", "lo"), "calls": reply.stream(tools=[CALL])},
)
async def done_once(target: Target) -> Findings:
    """The stream's last event is `[DONE]`, sent exactly once, and the answer ends with it."""
    streams = [
        await target.chat.stream(),
        await target.chat.stream(stream_options={"include_usage": True}),
        await target.chat.stream(script="calls", tools=function_tools("look_up")),
    ]
    yield expect("one [DONE]", [stream.data.count("[DONE]") for stream in streams], equals=[1, 1, 1])
    yield expect("[DONE] is last", [stream.data[-1:] for stream in streams], equals=[["[DONE]"]] * 3)
    yield expect("ended as framed", [stream.ended for stream in streams], equals=["complete"] * 3)


@done_once.mutant(killed_by="one [DONE]", trips=("responses.event-names",))
class SaysDoneTwice(Relay):
    """The end of the stream is announced twice."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE


@done_once.mutant(
    killed_by="[DONE] is last",
    trips=("stream.usage-chunk", "fallback.stream-pre-first", "responses.*", "stream.finish-once"),
)
class TalksAfterDone(Relay):
    """One more chunk, with an empty delta, follows after the end of the stream."""

    async def events(self, events: Events) -> Events:
        last: edits.Chunk = {}
        async for event in events:
            last = edits.chunk_of(event) or last
            yield event
        yield event_of({**last, "choices": [{"index": 0, "delta": {}, "finish_reason": None}]})


@done_once.mutant(killed_by="ended as framed", trips=("http.*", "fallback.*", "responses.*", "stream.*"))
class DropsTheConnection(Relay):
    """The connection is closed after `[DONE]`, without the last chunk of its framing."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            yield event.raw
        incoming().exchange.abort()
