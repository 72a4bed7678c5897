"""Streams that nobody reads to their end leave nothing behind."""

import asyncio

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect, refuse, reply

ABORTED = 20

SETTLE_S = 5.0


@case(
    "resources.conn-leak",
    level="MUST",
    refs=["litellm#21213", "LiveBench#523", "mistral#532"],
    upstream={"": reply.chat("Hello"), "held": reply.hang("events", after=2)},
    isolation="exclusive",
    floods=True,
)
async def conn_leak(target: Target) -> Findings:
    """After 20 streams that were hung up on, none is open at the provider, and the next request is served."""
    markers = []
    for _ in range(2):
        lives = await asyncio.gather(*(target.chat.open(script="held") for _ in range(target.many(ABORTED) // 2)))
        await asyncio.gather(*(live.event() for live in lives))
        for live in lives:
            live.hang_up()
            markers.append(live.response.marker)
    seen = await asyncio.gather(*(target.seen(marker, settle_s=SETTLE_S) for marker in markers))
    left_open = sum(not attempt.ended for attempts in seen for attempt in attempts)
    yield expect("streams left open at the provider", left_open, equals=0)
    yield expect("status of the next request", (await target.chat.create()).status, equals=200)


@conn_leak.mutant(killed_by="streams left open at the provider", trips=("cancel.*",))
class ForgetsStreams(Relay):
    """A stream whose reader has gone is left to itself."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work}, timeout=2 * SETTLE_S)


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
