"""Streams that nobody reads to their end leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator

from hopcheck import (
    Events,
    Findings,
    IncomingRequest,
    Relay,
    RelayedResponse,
    Target,
    case,
    expect,
    incoming,
    refuse,
    reply,
)

ABORTED = 20

SETTLE_S = 5.0

FLOWING = reply.stream(*(f"{number} " for number in range(100)), pace_s=0.1)
"""Ten seconds of text, twice as long as a gateway has to notice that nobody reads it."""


async def left_open(target: Target, script: str) -> int:
    """How many streams go on at the provider after their clients have left, in two lots."""
    markers = []
    for _ in range(2):
        lives = await asyncio.gather(*(target.chat.open(script=script) for _ in range(target.many(ABORTED) // 2)))
        await asyncio.gather(*(live.event() for live in lives))
        for live in lives:
            live.hang_up()
            markers.append(live.response.marker)
    seen = await asyncio.gather(*(target.seen(marker, settle_s=SETTLE_S) for marker in markers))
    return sum(not attempt.ended for attempts in seen for attempt in attempts)


@case(
    "resources.conn-leak",
    level="MUST",
    because="it floods the target with streams",
    refs=["litellm#21213", "LiveBench#523", "mistral#532"],
    upstream={"": reply.chat("Hello"), "flowing": FLOWING, "silent": reply.hang("events", after=2)},
    isolation="exclusive",
    floods=True,
)
async def conn_leak(target: Target) -> Findings:
    """After 20 streams that were hung up on, none is open at the provider, and the next request is served."""
    flowing = await left_open(target, "flowing")
    silent = await left_open(target, "silent")
    yield expect("streams left open while text flows", flowing, equals=0)
    # A gateway that only writes notices nobody before there is something to write: SHOULD, as in cancel.silent-stream.
    yield expect("streams left open in silence", silent, equals=0, level="SHOULD")
    yield expect("status of the next request", (await target.chat.create()).status, equals=200)


@conn_leak.mutant(killed_by="streams left open in silence", trips=("cancel.*",))
class ForgetsStreams(Relay):
    """A stream whose reader has gone is left to itself."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work}, timeout=2 * SETTLE_S)


@conn_leak.mutant(killed_by="streams left open while text flows", trips=("cancel.*",))
class ReadsOn(ForgetsStreams):
    """A stream whose reader has gone is read on."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            if not incoming().exchange.is_closed:
                yield event.raw


@conn_leak.mutant(killed_by="status of the next request", trips=("*",))
class UsesUpItsPool(Relay):
    """Each stream takes one of 16 places, and only those read to their end give it back."""

    _taken = 0

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self._taken >= 16:
            return refuse(incoming, 503, "The pool is used up.")
        self._taken += 1
        return await super().limit(incoming)

    async def release(self, incoming: IncomingRequest) -> None:
        self._taken -= not incoming.exchange.gone.is_set()
        await super().release(incoming)
