"""Many slow streams do not keep others from being served."""

import asyncio

from hopcheck import Findings, IncomingRequest, Relay, RelayedResponse, Target, case, expect, refuse, reply

STREAMS = 110
"""More than the 100 places of the pool that common HTTP clients come with."""


@case(
    "resources.pool",
    level="SHOULD",
    because="it floods the target with streams",
    refs=["litellm#19549"],
    upstream={"": reply.chat("Hello"), "held": reply.hang("events", after=2)},
    isolation="exclusive",
    floods=True,
)
async def pool(target: Target) -> Findings:
    """While 110 streams are open, one more request is served."""
    streams = target.many(STREAMS)
    lives = await asyncio.gather(*(target.chat.open(script="held") for _ in range(streams)))
    try:
        begun = await asyncio.gather(*(live.event() for live in lives))
        yield expect("streams that began", sum(event is not None for event in begun), equals=streams)
        yield expect("status of one more request", (await target.chat.create()).status, equals=200)
    finally:
        for live in lives:
            live.hang_up()


@pool.mutant(killed_by="status of one more request")
class ServesThoseOnly(Relay):
    """The pool has as many places as there are streams, and a request that finds none is turned away."""

    places = STREAMS

    async def limit(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if self.limits.in_flight.total() >= self.places:
            return refuse(incoming, 503, "The pool is used up.")
        return await super().limit(incoming)


@pool.mutant(killed_by="streams that began")
class ServesOneHundred(ServesThoseOnly):
    """The pool has the 100 places that an HTTP client came with."""

    places = 100
