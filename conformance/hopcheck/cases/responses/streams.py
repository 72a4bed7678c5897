"""Streams of typed events: their names, and those that came later."""

from hopcheck import Events, Findings, Operation, Relay, Target, case, dig, edits, event_of, expect, reply
from hopcheck.cases.responses.written import begun, items_done, message, output_of, streamed, written

TEXT = message("Hello")


LATER = {"type": "response.hologram.delta", "beams": [1, None], "deep": {"é": "☃"}}


MORE = {"type": "response.in_progress", "response": written([], "in_progress", usage=None), "x_provider": {"cost": 1}}


WITH_LATER = streamed(
    begun(), MORE, LATER, *items_done(TEXT), {"type": "response.completed", "response": written([TEXT])}
)


@case(
    "responses.unknown-events",
    level="MUST",
    on="responses.stream",
    refs=["OAI Responses streaming", "openai-python: unknown events are passed on"],
    upstream=WITH_LATER,
)
async def unknown_events(target: Target, ask: Operation) -> Findings:
    """Events of a kind that came later pass as they are, and don't end the stream; so do unknown fields (SHOULD)."""
    stream = await ask.stream()
    yield expect("text", dig(output_of(stream), 0, "content", 0, "text"), equals="Hello")
    passed = [{name: one.get(name) for name in LATER} for one in stream.objects if dig(one, "type") == LATER["type"]]
    yield expect("events of an unknown type", passed, equals=[LATER])
    unknown = [one["x_provider"] for one in stream.objects if dig(one, "x_provider")]
    yield expect("unknown fields", unknown, equals=[{"cost": 1}], level="SHOULD")


@unknown_events.mutant(killed_by="text")
class StopsAtTheUnknown(Relay):
    """An event of an unknown type ends the stream."""

    def events(self, events: Events) -> Events:
        return edits.end_before(events, lambda event: event.event == LATER["type"])


@unknown_events.mutant(killed_by="events of an unknown type")
class DropsTheUnknown(Relay):
    """Events of unknown types are left out."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, str(LATER["type"]))


@unknown_events.mutant(killed_by="unknown fields")
class KnowsItsFields(Relay):
    """Unknown fields of an event are left out."""

    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, lambda content: content.pop("x_provider", None))


@case(
    "responses.event-names",
    level="SHOULD",
    on="responses.stream",
    refs=["OAI Responses streaming", "litellm: no event lines"],
    upstream=reply.chat("Hel", "lo"),
)
async def event_names(target: Target, ask: Operation) -> Findings:
    """Every event is named by its `event` line, and nothing follows the one that ends the response."""
    stream = await ask.stream()
    events = [one.event for one in stream.events if one.event.data is not None]
    nameless = [one.data for one in events if not one.event and not one.is_done]
    yield expect("events without a name", nameless, equals=[])
    yield expect("last event", dig(events[-1].json, "type") if events else None, equals="response.completed")


@event_names.mutant(killed_by="events without a name")
class NamesNothing(Relay):
    """Events have data alone."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event_of(event.json)


@event_names.mutant(killed_by="last event")
class SaysDone(Relay):
    """A `[DONE]` follows, as on chat completions."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield event_of("[DONE]")
