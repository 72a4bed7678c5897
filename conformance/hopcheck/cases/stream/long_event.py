"""Events that hold much of one thing."""

from hopcheck import Events, Findings, Operation, Relay, Target, case, expect, reply

LONG = {"70 KB": "x" * 70_000 + "end", "1 MB": "y" * 1_000_000 + "end"}
"""Texts of one event each: longer than what readers of lines take by default (64 KB in Python, 16 KB in Node)."""


@case(
    "stream.long-event",
    on=("chat.stream", "messages.stream"),
    because="a stream of Responses has each text five times over, which would take both sides seconds to read",
    level="MUST",
    refs=["litellm#12240", "aiohttp: chunk too big", "bufio.Scanner: token too long"],
    upstream={name.replace(" ", "-").lower(): reply.stream("a ", text) for name, text in LONG.items()},
)
async def long_event(target: Target, ask: Operation) -> Findings:
    """An event of 70 KB, and one of 1 MB, arrive whole."""
    streams = {name: await ask.stream(script=name.replace(" ", "-").lower()) for name in LONG}
    lengths = {name: len(stream.joined()) for name, stream in streams.items()}
    yield expect("characters of text", lengths, equals={name: len(f"a {text}") for name, text in LONG.items()})
    yield expect("whole", {name: stream.clean for name, stream in streams.items()}, equals=dict.fromkeys(LONG, True))


@long_event.mutant(killed_by="characters of text")
class ReadsSixtyFourKilobytes(Relay):
    """An event that is longer than 64 KiB is left out."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if len(event.raw) < 65_536:
                yield event


@long_event.mutant(killed_by="whole")
class EndsAtLongEvents(Relay):
    """What follows an event of more than 512 KiB is lost."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if len(event.raw) > 524_288:
                return
