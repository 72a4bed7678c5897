"""A provider's stream that holds no answer, or doesn't end."""

import asyncio
from contextlib import suppress

from hopcheck import (
    DONE,
    Events,
    Failure,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    reply,
)

NOTHING = {
    "nothing": reply.raw(200, b"", "text/event-stream"),
    "only-done": reply.events(),
    "only-comments": reply.raw(200, b": ping\n\n: ping\n\n", "text/event-stream"),
}
"""Streams without a single chunk."""


@case(
    "stream.no-chunks",
    level="MUST",
    needs=["parses"],
    refs=["litellm#16031", "openai-python: an empty stream is an empty answer"],
    upstream=NOTHING,
    trips_on=["stream.*:*", "fallback.*:*"],
)
async def no_chunks(target: Target) -> Findings:
    """A provider's stream without any chunk isn't a whole answer: it is an error, or shows as broken."""
    streams = {name: await target.chat.stream(script=name) for name in NOTHING}
    whole = {name: stream for name, stream in streams.items() if not stream.shows_failure}
    # SHOULD where it is passed on as it came: the provider took it for one.
    relayed = bool(whole) and all([await target.relayed(stream) for stream in whole.values()])
    statuses = {name: stream.status for name, stream in whole.items()}
    yield expect("taken for an answer", statuses, equals={}, level="SHOULD" if relayed else None)


@no_chunks.mutant(killed_by="taken for an answer")
class AnswersNothing(Relay):
    """A stream without chunks becomes one that says nothing, and stops."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "cut" or not incoming.streams:
            return response
        response.status, response.body = 200, DONE.raw
        return response.with_header("Content-Type", "text/event-stream")


SOON_S = 2.0
"""How long a stream may take to end once its terminator has come."""


@case(
    "stream.ends-at-done",
    level="MUST",
    needs=["stream_terminator"],
    refs=["OAI streaming", "litellm: a stream that isn't closed"],
    upstream=reply.stream("Hel", "lo", usage=None, hang="events", hang_after=5),  # five, whether usage is asked or not
    timed=True,
    trips_on=["stream.stall:*", "stream.done-*:*"],
)
async def ends_at_done(target: Target) -> Findings:
    """Once the provider has sent `[DONE]`, the client's stream ends, though the provider's connection stays open."""
    async with await target.chat.open() as live:
        with suppress(TimeoutError):
            async with asyncio.timeout(None) as bound:
                while (timed := await live.event()) is not None and not timed.event.is_done:
                    pass
                bound.reschedule(asyncio.get_running_loop().time() + SOON_S)
                await live.rest()
    # SHOULD where `[DONE]` came through: clients stop reading there.
    came = "[DONE]" in live.stream.data
    yield expect("how it ended", live.response.ended, equals="complete", level="SHOULD" if came else None)


@ends_at_done.mutant(
    killed_by="how it ended", trips=("stream.*", "cancel.*", "messages.broken-stream", "responses.broken-stream")
)
class WaitsForTheEnd(Relay):
    """A stream ends when the provider's connection does."""

    async def sound(self, events: Events) -> Events:
        async for event in events:
            yield event
