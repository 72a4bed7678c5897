"""Streams that break after they began."""

import asyncio

from hopcheck import (
    DONE,
    OMIT,
    Events,
    Failure,
    Findings,
    Relay,
    Target,
    case,
    event_of,
    expect,
    function_tools,
    reply,
)

STOP = event_of(reply.delta(finish="stop"))
BEGUN_S = 0.1
"""Between two events: by the second one, the client has the first."""

CUTS = {
    "fin": reply.stream("Hel", "lo", cut_after_events=2, pace_s=BEGUN_S),
    "reset": reply.stream("Hel", "lo", cut="reset", cut_after_events=2, pace_s=BEGUN_S),
    "inside": reply.stream("Hel", "lo" * 500, cut_at=900, pace_s=BEGUN_S),
    "call": reply.stream(
        tools=[reply.call("look_up", '{"q": ', '"x"}')], finish="tool_calls", cut_after_events=3, pace_s=BEGUN_S
    ),
    "eof": reply.stream("Hel", "lo", end_after_events=2, framing="close"),
}
"""The connection's end after an event, its reset, its end within an event, and where that ends the body as well."""


@case(
    "stream.cut",
    level="MUST",
    refs=["Portkey#1797", "litellm#40404", "LibreChat-agents#493", "pi#8460"],
    upstream=CUTS,
)
async def cut(target: Target) -> Findings:
    """A provider's stream that is cut shows as an error event or a broken connection, and never as a whole answer."""
    # Where the connection's end ends the body as well, only who reads the events can tell a cut.
    # Other dialects send a call whole.
    left_out = {"eof"} if target.declares.transparent else {"call"} if target.translates else set()
    cuts = [name for name in CUTS if name not in left_out]
    offered = function_tools("look_up")
    asked = [target.chat.stream(script=name, tools=offered if name == "call" else OMIT) for name in cuts]
    streams = dict(zip(cuts, await asyncio.gather(*asked), strict=True))
    attempts = {name: len(await target.seen(stream)) for name, stream in streams.items()}
    await asyncio.gather(*map(target.forwarded, streams.values()))
    if target.declares.continues:  # one that was continued is whole, and judged by another case
        streams = {name: stream for name, stream in streams.items() if attempts[name] == 1 or not stream.clean}
    hidden = {name: stream.summary for name, stream in streams.items() if not stream.shows_failure}
    yield expect("cuts that don't show", {name: one for name, one in hidden.items() if name != "eof"}, equals={})
    invented = {name: stream.ends() for name, stream in streams.items() if stream.ends()}
    yield expect("finish reasons", invented, equals={})
    # To HTTP it is whole, and only the missing end of the response shows it: what came is passed on, as it came.
    yield expect("a missing end that doesn't show", hidden.get("eof"), equals=None, level="SHOULD")


@cut.mutant(
    killed_by="cuts that don't show", trips=("fallback.stream-mid", "messages.broken-stream", "responses.broken-stream")
)
class MakesCutsWhole(Relay):
    """A cut stream is given the finish reason and the `[DONE]` that it lacks."""

    async def broken(self, failure: Failure) -> Events:
        for event in (STOP, DONE) if failure.kind == "cut" else [event async for event in super().broken(failure)]:
            yield event


@cut.mutant(killed_by="cuts that don't show", trips=("tools.error-in-call",))
class FinishesOpenCalls(Relay):
    """A stream that is cut within a call ends as if the call were whole."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            called = called or b'"tool_calls":' in event.raw
            if called and isinstance(event.json, dict) and "error" in event.json:
                yield event_of(reply.delta(finish="tool_calls"))
                yield DONE
                return
            yield event


@cut.mutant(killed_by="a missing end that doesn't show", trips=("messages.broken-stream", "responses.broken-stream"))
class TrustsTheFraming(Relay):
    """A stream that ended as HTTP has it is taken for whole, though its finish reason is missing."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            if failure.kind != "cut" or "ended before its answer did" not in failure.detail:
                yield event


@cut.mutant(killed_by="cuts that don't show", trips=("messages.broken-stream", "responses.broken-stream"))
class EndsInSilence(Relay):
    """A cut stream just ends, and official clients take it for complete."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            if failure.kind != "cut":
                yield event


@cut.mutant(killed_by="finish reasons")
class FinishesCuts(Relay):
    """A cut stream tells its error, and ends with a finish reason and `[DONE]` all the same."""

    async def broken(self, failure: Failure) -> Events:
        async for event in super().broken(failure):
            yield event
        for event in (STOP, DONE) if failure.kind == "cut" else ():
            yield event
