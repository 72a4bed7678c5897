"""A client that hangs up ends its request at the provider, which would else be paid for in vain."""

import asyncio

from hopcheck import Findings, Relay, Target, case, expect, reply

SOON_S = 2.0
"""How long a provider may go on for nobody."""


async def how_it_ended(target: Target, marker: str) -> str:
    """How the upstream's first attempt ended, once it has, or "" if it goes on."""
    await target.arrival(marker)
    return (await target.seen(marker, attempts=1, settle_s=SOON_S))[0].ended


@case(
    "cancel.stream",
    level="MUST",
    on="chat.stream",
    refs=["litellm#30244", "litellm#9178", "llama.cpp#24630"],
    upstream=reply.stream("Hel", "lo", hang="events", hang_after=2),
)
async def mid_stream(target: Target) -> Findings:
    """A client that hangs up in the middle of a stream ends it at the provider within 2 s."""
    async with await target.chat.open() as live:
        await live.event()
        live.hang_up()
    yield expect("the provider's stream", await how_it_ended(target, live.response.marker), equals="hung-up")


@case(
    "cancel.before-first",
    level="MUST",
    on="chat.stream",
    refs=["litellm#31499", "claude-code-proxy#114"],
    upstream=reply.hang("body"),
)
async def before_first(target: Target) -> Findings:
    """A client that hangs up before a stream's first event ends it at the provider within 2 s."""
    async with await target.chat.open() as live:
        await target.arrival(live.response.marker)
        live.hang_up()
    yield expect("the provider's stream", await how_it_ended(target, live.response.marker), equals="hung-up")


@case(
    "cancel.nonstream",
    level="SHOULD",
    refs=["litellm#37140", "litellm#13774", "litellm#30223"],
    upstream=reply.hang("headers"),
)
async def nonstream(target: Target) -> Findings:
    """A client that hangs up while it waits for an answer in one piece ends the request at the provider within 2 s."""
    async with await target.chat.open(stream=False) as live:
        await target.arrival(live.response.marker)
        live.hang_up()
    yield expect("the provider's request", await how_it_ended(target, live.response.marker), equals="hung-up")


@before_first.mutant(killed_by="the provider's stream", trips=("cancel.*", "resources.*"))
@nonstream.mutant(killed_by="the provider's request")
@mid_stream.mutant(killed_by="the provider's stream")
class ServesNobody(Relay):
    """A request is served to its end, whether or not somebody is left to read it."""

    async def hang_up(self, work: asyncio.Task[None]) -> None:
        await asyncio.wait({work})
