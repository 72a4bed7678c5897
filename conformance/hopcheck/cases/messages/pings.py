"""Events that aren't the message's: pings, and those that came later."""

from typing import Any

from hopcheck import Events, Findings, Operation, Relay, Target, case, dig, edits, expect
from hopcheck.cases.messages.blocks import block_events, started, stopped, streamed

PING = {"type": "ping"}


LATER = {"type": "hologram_started", "beams": [1, None], "deep": {"é": "☃"}}


TEXT = {"type": "text", "text": ""}


DELTAS = [{"type": "text_delta", "text": "Hel"}, {"type": "text_delta", "text": "lo"}]


def _text(*between: dict[str, Any]) -> Any:
    begin, *rest = block_events(0, TEXT, *DELTAS)
    return streamed(started(), PING, begin, *between, *rest, *stopped())


@case(
    "messages.pings",
    level="MUST",
    on="messages.stream",
    refs=["Anthropic API streaming: ping"],
    upstream=_text(PING, PING),
)
async def pings(target: Target, ask: Operation) -> Findings:
    """A provider's pings do no harm, wherever they stand; passing them on is a SHOULD, as clients wait for them."""
    stream = await ask.stream()
    yield expect("message", stream.summary, equals={"text": "Hello", "finish": "stop", "done": True})
    sent = [one for one in stream.objects if dig(one, "type") == "ping"]
    yield expect("pings", len(sent), at_least=1, level="SHOULD")


@pings.mutant(
    killed_by="message", trips=("messages.*", "cancel.*", "fallback.*", "http.*", "sessions.*", "stream.*", "timeout.*")
)
class TakesPingsForTheEnd(Relay):
    """A ping within a block ends the stream."""

    async def events(self, events: Events) -> Events:
        begun = False
        async for event in events:
            begun = begun or event.event == "content_block_start"
            if begun and event.event == "ping":
                for last in edits.ending():
                    yield last
                return
            yield event


@pings.mutant(killed_by="pings")
class KeepsPings(Relay):
    """Pings end at the gateway."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, "ping")


@case(
    "messages.unknown-events",
    level="MUST",
    on="messages.stream",
    refs=["Anthropic API versioning: new event types may be added"],
    upstream=_text(LATER),
)
async def unknown_events(target: Target, ask: Operation) -> Findings:
    """Events of a kind that came later pass as they are, and don't end the stream."""
    stream = await ask.stream()
    yield expect("message", stream.summary, equals={"text": "Hello", "finish": "stop", "done": True})
    passed = [{name: one.get(name) for name in LATER} for one in stream.objects if dig(one, "type") == LATER["type"]]
    yield expect("events of an unknown type", passed, equals=[LATER])


@unknown_events.mutant(killed_by="message")
class StopsAtTheUnknown(Relay):
    """An event of an unknown type ends the stream."""

    def events(self, events: Events) -> Events:
        return edits.end_before(events, lambda event: event.event == LATER["type"])


@unknown_events.mutant(killed_by="events of an unknown type")
class DropsTheUnknown(Relay):
    """Events of unknown types are left out."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, str(LATER["type"]))
