"""A client that leaves a stream ends it at the provider, which would else be paid for in vain."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hopcheck import (
    STREAMED,
    Events,
    Findings,
    Operation,
    PendingResponse,
    Relay,
    Target,
    Untestable,
    case,
    edits,
    expect,
    function_tools,
    incoming,
    reply,
)

SOON_S = 5.0
"""How long a provider may go on for nobody."""

FLOWING = reply.stream(*(f"{number} " for number in range(200)), pace_s=0.05)
"""Ten seconds of text: a gateway that notices no sooner than at the end would be seen."""


async def how_it_ended(target: Target, marker: str) -> str:
    """How the upstream's first attempt ended, once it has, or "" if it goes on."""
    await target.arrival(marker)
    return (await target.seen(marker, attempts=1, settle_s=SOON_S))[0].ended


async def first_text(live: PendingResponse) -> None:
    """Read on until the provider's first text has come through.

    Raises:
        Untestable: The response ended without any.
    """
    while (timed := await live.event()) is not None:
        if edits.text_of(timed.event.json):
            return
    raise Untestable("no text of the provider's came through, so that there was no stream to leave")


@case(
    "cancel.stream",
    level="MUST",
    on=STREAMED,
    because="it is about leaving a stream",
    refs=["litellm#30244", "litellm#9178", "llama.cpp#24630"],
    upstream=FLOWING,
)
async def mid_stream(target: Target, ask: Operation) -> Findings:
    """A client that hangs up while a stream's text flows ends it at the provider within 5 s, tools or none."""

    async def left(**fields: Any) -> str:
        async with await ask.open(**fields) as live:
            await first_text(live)
            live.hang_up()
        return await how_it_ended(target, live.response.marker)

    ends = await asyncio.gather(left(), left(tools=function_tools("look_up")))
    yield expect("the provider's stream", ends[0], equals="hung-up")
    yield expect("the provider's stream with tools", ends[1], equals="hung-up")


@case(
    "cancel.silent-stream",
    level="SHOULD",
    on=STREAMED,
    because="it is about leaving a stream",
    refs=["litellm#30244", "litellm#9178"],
    upstream=reply.stream("Hel", "lo", hang="events", hang_after=2),
)
async def silent_stream(target: Target, ask: Operation) -> Findings:
    """A client that hangs up while a stream is silent ends it at the provider within 5 s, before more text comes."""
    async with await ask.open() as live:
        await first_text(live)
        live.hang_up()
    yield expect("the provider's stream", await how_it_ended(target, live.response.marker), equals="hung-up")


@silent_stream.mutant(killed_by="the provider's stream")
class ServesNobody(Relay):
    """A client that left is noticed when there is something to write to it, and not before."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work})


@mid_stream.mutant(killed_by="the provider's stream", trips=("cancel.*", "resources.*"))
class ReadsToTheEnd(ServesNobody):
    """A stream is read to its end, whether or not somebody is left to get it."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            if not incoming().exchange.is_closed:
                yield event.raw


@mid_stream.mutant(killed_by="the provider's stream with tools", trips=("cancel.*", "resources.*"))
class FinishesToolTurns(ServesNobody):
    """A stream in which tools are offered is read to its end, since a call may come."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        keeps = b'"tools"' in incoming().body
        async for event in events:
            if not incoming().exchange.is_closed:
                yield event.raw
            elif not keeps:
                return
