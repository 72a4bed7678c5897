"""Streams of responses that break: the official client raises nothing, so the gateway must show it."""

from hopcheck import (
    Event,
    Events,
    Failure,
    Findings,
    Operation,
    Relay,
    Target,
    case,
    edits,
    expect,
    reply,
)

BROKEN = {
    "cut": reply.stream("Hel", "lo", " and", " more", cut_after_events=3),
    "reset": reply.stream("Hel", "lo", " and", " more", cut_after_events=3, cut="reset"),
    "ended-early": reply.stream("Hel", "lo", " and", " more", end_after_events=3),
    "no-terminator": reply.stream("Hel", "lo", done=0),
}


@case(
    "responses.broken-stream",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming", "openai-python: a missing response.completed raises nothing", "codex#5740"],
    upstream=BROKEN,
)
async def broken_stream(target: Target, ask: Operation) -> Findings:
    """A stream that is cut, reset, or ends before its response does doesn't reach the client like a whole one."""
    asked = [name for name in BROKEN if not (target.translates and name == "no-terminator")]  # other APIs end before
    streams = {name: await ask.stream(script=name) for name in asked}
    yield expect("taken for whole", [name for name, stream in streams.items() if stream.clean], equals=[])
    hidden = [name for name, stream in streams.items() if not stream.shows_failure]
    yield expect("failures that don't show", hidden, equals=[])


@broken_stream.mutant(killed_by="taken for whole", trips=("stream.*", "fallback.*", "retry.*"))
class EndsWell(Relay):
    """A stream that broke off ends like a whole one."""

    async def broken(self, failure: Failure) -> Events:
        for event in edits.ending():
            yield event


@broken_stream.mutant(killed_by="failures that don't show", trips=("stream.stall",))
class JustEnds(Relay):
    """A stream that broke off just ends."""

    async def broken(self, failure: Failure) -> Events:
        nothing: list[Event] = []
        for event in nothing:
            yield event
