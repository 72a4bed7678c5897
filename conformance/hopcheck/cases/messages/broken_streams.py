"""Streams of messages that break: the official client notices none of it, so the gateway must show it."""

from hopcheck import (
    BeginsDespiteErrors,
    EditsErrors,
    Events,
    Failure,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    case,
    dig,
    edits,
    event_of,
    expect,
    reply,
)
from hopcheck.cases.messages.blocks import streamed

OVERLOADED = reply.error_story(529, {"message": "Overloaded"})

SCRIPTS = {
    "cut": reply.stream("Hel", "lo", " and", " more", cut_after_events=5),
    "reset": reply.stream("Hel", "lo", " and", " more", cut_after_events=5, cut="reset"),
    "ended-early": reply.stream("Hel", "lo", " and", " more", end_after_events=3),
    "no-terminator": reply.stream("Hel", "lo", done=0),
    "failing": reply.stream("Hel", "lo", failure=OVERLOADED),
}


@case(
    "messages.broken-stream",
    level="MUST",
    on="messages.stream",
    refs=["Anthropic API streaming", "anthropic-python: a missing message_stop raises nothing"],
    upstream=SCRIPTS,
)
async def broken_stream(target: Target, ask: Operation) -> Findings:
    """A stream that breaks off, or whose provider fails, doesn't reach the client like a whole message."""
    asked = [name for name in SCRIPTS if not (target.translates and name == "no-terminator")]  # other APIs end before
    streams = {name: await ask.stream(script=name) for name in asked}
    hidden = [name for name, stream in streams.items() if stream.clean or not stream.shows_failure]
    yield expect("failures that don't show", hidden, equals=[])
    error = streams["failing"].error
    kind = error.get("type") if isinstance(error, dict) else None
    yield expect("type of the provider's error", kind, equals="overloaded_error", level="SHOULD")


@broken_stream.mutant(killed_by="failures that don't show", trips=("stream.*", "fallback.stream-mid"))
class EndsWell(Relay):
    """A stream that broke off ends like a whole one."""

    async def broken(self, failure: Failure) -> Events:
        for event in edits.ending():
            yield event


@broken_stream.mutant(killed_by="type of the provider's error")
class BlamesItself(Relay):
    """Every error in a stream is the gateway's own."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            own = {"type": "error", "error": {"type": "api_error", "message": "Something went wrong."}}
            yield event_of(own, "error") if event.event == "error" else event


@case(
    "messages.error-first",
    level="MUST",
    on="messages.stream",
    refs=["Anthropic API streaming: error events", "litellm: an error first is a 200"],
    isolation="cooldown",
    upstream=streamed({"type": "error", "error": {"type": "api_error", "message": "The model is gone."}}),
)
async def error_first(target: Target, ask: Operation) -> Findings:
    """A stream whose first event is an error is no empty message: the client gets an error status, or the error."""
    stream = await ask.stream()
    yield expect("failure", stream.shows_failure and not stream.clean, equals=True)
    yield expect("message", dig(stream.error, "message"), contains="The model is gone.", level="SHOULD")
    yield expect("status", stream.status, at_least=400, level="SHOULD")


@error_first.mutant(killed_by="failure", trips=("stream.*", "fallback.*", "errors.in-success"))
class StreamsNothing(BeginsDespiteErrors):
    """A stream that begins with an error is an empty one."""

    begun = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@error_first.mutant(killed_by="status", trips=("stream.*", "fallback.*", "errors.in-success"))
class PassesErrorsAsTheyCome(BeginsDespiteErrors):
    """An error that comes first is passed on after a 200."""

    begun = b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"The model is gone."}}\n\n'


@error_first.mutant(killed_by="message", trips=("errors.in-success",))
class TellsNothing(EditsErrors):
    """An error that comes first is an error of the gateway's own."""

    def edit(self, response: RelayedResponse, failure: Failure) -> RelayedResponse:
        return edits.error(response, message="It failed.") if failure.kind == "error-event" else response
