"""A provider that falls silent in mid-stream."""

import asyncio
from contextlib import suppress

from hopcheck import (
    STREAMED,
    Events,
    Failure,
    Findings,
    Operation,
    Relay,
    Target,
    TranslatingRelay,
    case,
    edits,
    expect,
    reply,
)

GRACE_S = 5.0
"""What a target may take beyond its own timeouts, in seconds."""


@case(
    "stream.stall",
    on=STREAMED,
    level="MUST",
    refs=["failoverbench S09", "litellm#39898"],
    needs=["timeout_s"],
    upstream=reply.hang("events", "Hel", "lo", after=2),
)
async def stall(target: Target, ask: Operation) -> Findings:
    """When a provider falls silent in mid-stream, the target ends the stream with an error after its timeout."""
    declares = target.declares
    bound_s = (1 + declares.timeout_retries) * (declares.timeout_s or 0) + GRACE_S
    async with await ask.open(model=declares.timeout_model or target.models.chat) as live:
        with suppress(TimeoutError):
            async with asyncio.timeout(bound_s):
                if await live.head() is not None:
                    await live.rest()
    stream = live.stream
    await target.forwarded(stream)
    came = stream.ended if stream.ended not in ("left", "timeout") else "still going on"
    yield expect("end", came, one_of=["complete", "cut", "reset"], to=f"within {bound_s:g} s")
    yield expect(
        "failure", {**stream.summary, "error": stream.error}, holds=stream.shows_failure, to="an error that shows"
    )


class WaitsForEver(Relay):
    """A provider that is silent is waited for, however long it takes."""

    async def broken(self, failure: Failure) -> Events:
        if failure.kind == "timeout":
            await asyncio.Event().wait()
        async for event in super().broken(failure):
            yield event


@stall.mutant(killed_by="end")
class WaitsForSilentProviders(WaitsForEver):
    """No stream has a timeout."""


@stall.mutant(killed_by="end")
class WaitsForOneProvider(WaitsForEver, TranslatingRelay):
    """The streams of one provider have no timeout."""

    providers = ("gemini",)


@stall.mutant(killed_by="failure")
class TakesSilenceForTheEnd(Relay):
    """A provider that is silent is taken to have finished."""

    async def broken(self, failure: Failure) -> Events:
        if failure.kind == "timeout":
            for event in edits.ending():
                yield event
            return
        async for event in super().broken(failure):
            yield event
