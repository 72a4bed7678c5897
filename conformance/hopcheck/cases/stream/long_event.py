"""Events that hold much of one thing."""

from hopcheck import ON_RESPONSES, STREAMED, Events, Findings, Operation, Relay, Target, case, expect, reply

LONG = {"70 KB": "x" * 70_000 + "end", "1 MB": "y" * 1_000_000 + "end"}
"""Texts of one event each: longer than what readers of lines take by default (64 KB in Python, 16 KB in Node)."""

SCRIPTS = {name: name.replace(" ", "-").lower() for name in LONG}


@case(
    "stream.long-event",
    on=STREAMED,
    level="MUST",
    refs=["litellm#12240", "aiohttp: chunk too big", "bufio.Scanner: token too long"],
    upstream={SCRIPTS[name]: reply.stream("a ", text) for name, text in LONG.items()},
)
async def long_event(target: Target, ask: Operation) -> Findings:
    """An event of 70 KB, and one of 1 MB, arrive whole."""
    # A stream of Responses has each text five times over: a long one would take both sides seconds to read.
    asked = [name for name in LONG if name == "70 KB" or ask.name not in ON_RESPONSES]
    streams = {name: await ask.stream(script=SCRIPTS[name]) for name in asked}
    lengths = {name: len(stream.joined()) for name, stream in streams.items()}
    yield expect("characters of text", lengths, equals={name: len(f"a {LONG[name]}") for name in asked})
    yield expect("whole", {name: stream.clean for name, stream in streams.items()}, equals=dict.fromkeys(asked, True))


@long_event.mutant(killed_by="characters of text")
class ReadsSixtyFourKilobytes(Relay):
    """An event that is longer than 64 KiB is left out."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            if len(event.raw) < 65_536:
                yield event


@long_event.mutant(killed_by="whole")
class EndsAtLongEvents(Relay):
    """What follows an event of more than 64 KiB is lost."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if len(event.raw) > 65_536:
                return
