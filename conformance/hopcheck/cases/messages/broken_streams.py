"""Streams of messages that break: the official client notices none of it, so the gateway must show it."""

from hopcheck import Event, Events, Failure, Findings, Operation, Relay, Target, case, event_of, expect, reply

OVERLOADED = reply.error_story(529, {"message": "Overloaded"})

SCRIPTS = {
    "cut": reply.stream("Hel", "lo", " and", " more", cut_after_events=5),
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
    streams = {name: await ask(script=name) for name in SCRIPTS}
    hidden = [name for name in ("cut", "failing") if not getattr(streams[name], "shows_failure", True)]
    yield expect("failures that don't show", hidden, equals=[])
    error = streams["failing"].error
    kind = error.get("type") if isinstance(error, dict) else None
    yield expect("type of the provider's error", kind, equals="overloaded_error", level="SHOULD")


def _ending() -> list[Event]:
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        event_of({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 2}}, "message_delta"),
        event_of({"type": "message_stop"}, "message_stop"),
    ]


@broken_stream.mutant(killed_by="failures that don't show", trips=("stream.*",))
class EndsWell(Relay):
    """A stream that broke off ends like a whole one."""

    async def broken(self, failure: Failure) -> Events:
        for event in _ending():
            yield event


@broken_stream.mutant(killed_by="type of the provider's error")
class BlamesItself(Relay):
    """Every error in a stream is the gateway's own."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            own = {"type": "error", "error": {"type": "api_error", "message": "Something went wrong."}}
            yield event_of(own, "error") if event.event == "error" else event
