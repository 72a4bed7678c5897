"""Whether the events of a stream arrive when they come."""

import asyncio

from hopcheck import (
    STREAMED,
    Event,
    Events,
    Findings,
    Operation,
    PendingResponse,
    Relay,
    Target,
    case,
    expect,
    reply,
)
from hopcheck.cases.stream.silences import read_until

WORDS = [f"w{number} " for number in range(5)]
AFTER = (1, 2, 5)
"""After which words providers fall silent."""
ARRIVAL_S = 15.0
"""Until a request has reached the provider: a slow target has others to end first."""


@case(
    "stream.flush",
    level="MUST",
    on=STREAMED,
    refs=["dstack#4269", "litellm#29557", "koine#31", "maxx#550"],
    isolation="exclusive",
    upstream={f"after-{number}": reply.stream(*WORDS, hang="events", hang_after=number + 1) for number in AFTER},
)
async def flush(target: Target, ask: Operation) -> Findings:
    """Each event of a stream is passed on when it comes, and not held until there are more.

    The provider of each stream falls silent after another word, so a word that hasn't come waits for more of them.
    """
    wanted = {number: number for number in AFTER}
    came = await asyncio.gather(*(_words_before_silence(target, ask, number) for number in wanted))
    yield expect("words before a silence", dict(zip(wanted, came, strict=True)), equals=wanted)


async def _words_before_silence(target: Target, ask: Operation, number: int) -> int:
    """How many words come through of a stream that falls silent after that many."""
    async with await ask.open(script=f"after-{number}") as live:
        await target.arrival(live.response.marker, timeout_s=ARRIVAL_S)
        await read_until(live, lambda: _words(live) >= number)
    return _words(live)


def _words(live: PendingResponse) -> int:
    return len(live.stream.joined().split())


@flush.mutant(killed_by="words before a silence", trips=("http.*", "resources.*", "cancel.*", "stream.*", "timeout.*"))
class Gathers(Relay):
    """Events wait in a buffer until it is full or the stream ends."""

    async def events(self, events: Events) -> Events:
        for event in [event async for event in events]:
            yield event


@flush.mutant(killed_by="words before a silence", trips=("cancel.silent-stream", "stream.flush-pieces"))
class LagsByOneEvent(Relay):
    """An event is passed on when the next one has come."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        async for event in events:
            for before in held:
                yield before
            held = [event]
        for before in held:
            yield before
