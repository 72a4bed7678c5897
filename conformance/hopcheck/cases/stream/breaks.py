"""Streams that break after they began."""

import asyncio

from hopcheck import DONE, Event, Events, Failure, Findings, Relay, Target, case, dig, edits, event_of, expect, reply

STOP = event_of(reply.delta(finish="stop"))
OVERLOADED = {"message": "The engine is overloaded.", "type": "server_error", "param": None, "code": "overloaded"}
BEGUN_S = 0.1
"""Between two events: by the second one, the client has the first."""

CUTS = {
    "fin": reply.stream("Hel", "lo", cut_after_events=2, pace_s=BEGUN_S),
    "reset": reply.stream("Hel", "lo", cut="reset", cut_after_events=2, pace_s=BEGUN_S),
    "inside": reply.stream("Hel", "lo" * 500, cut_at=900, pace_s=BEGUN_S),
    "eof": reply.events(reply.delta(role="assistant"), reply.delta(content="Hel"), framing="close", done=0),
}
"""The connection's end after an event, its reset, its end within an event, and where that ends the body as well."""


@case(
    "stream.error-mid",
    level="MUST",
    refs=["gatewayproof", "litellm#36768", "openai-python raises APIError"],
    upstream=reply.events(
        reply.delta(role="assistant"), reply.delta(content="Hel"), {"error": OVERLOADED}, done=0, pace_s=0.01
    ),
)
async def error_mid(target: Target) -> Findings:
    """An error in mid-stream reaches the client as an error event, and no finish reason is made up."""
    stream = await target.chat.stream()
    await target.forwarded(stream)
    message = dig(stream.error, "message")
    yield expect("message of the error", message, holds=isinstance(message, str) and message != "", to="a text")
    yield expect("finish reasons", stream.finishes(), equals=[])


@error_mid.mutant(killed_by="message of the error")
class SaysErrorsAsText(Relay):
    """The error is written into the response's text."""

    def sound(self, events: Events) -> Events:
        return super().sound(_as_text(events))


@error_mid.mutant(killed_by="finish reasons")
class FinishesErrors(Relay):
    """After an error event the stream is ended as all are: with a finish reason and `[DONE]`."""

    async def sound(self, events: Events) -> Events:
        async for event in super().sound(events):
            yield event
            if edits.chunk_of(event) is None and "error" in (event.json or {}):
                yield STOP
                yield DONE


@case(
    "stream.cut",
    level="MUST",
    refs=["Portkey#1797", "litellm#40404", "LibreChat-agents#493", "pi#8460"],
    upstream=CUTS,
)
async def cut(target: Target) -> Findings:
    """A provider's stream that is cut shows as an error event or a broken connection, and never as a whole answer."""
    # Where the connection's end ends the body as well, only who reads the events can tell a cut.
    cuts = [name for name in CUTS if name != "eof" or not target.declares.transparent]
    streams = dict(zip(cuts, await asyncio.gather(*(target.chat.stream(script=name) for name in cuts)), strict=True))
    attempts = {name: len(await target.seen(stream)) for name, stream in streams.items()}
    await asyncio.gather(*map(target.forwarded, streams.values()))
    if target.declares.continues:  # one that was continued is whole, and judged by another case
        streams = {name: stream for name, stream in streams.items() if attempts[name] == 1 or not stream.clean}
    hidden = {name: stream.summary for name, stream in streams.items() if not stream.shows_failure}
    yield expect("cuts that don't show", hidden, equals={})
    invented = {name: stream.finishes() for name, stream in streams.items() if stream.finishes()}
    yield expect("finish reasons", invented, equals={})


@cut.mutant(killed_by="cuts that don't show", trips=("fallback.stream-mid",))
class MakesCutsWhole(Relay):
    """A cut stream is given the finish reason and the `[DONE]` that it lacks."""

    async def broken(self, failure: Failure) -> Events:
        for event in (STOP, DONE) if failure.kind == "cut" else [event async for event in super().broken(failure)]:
            yield event


@cut.mutant(killed_by="cuts that don't show")
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


async def _as_text(events: Events) -> Events:
    async for event in events:
        if "error" in (event.json or {}):
            yield _text_event(f"Error: {dig(event.json, 'error', 'message')}")
            yield STOP
        else:
            yield event


def _text_event(text: str) -> Event:
    return event_of(reply.delta(content=text))
