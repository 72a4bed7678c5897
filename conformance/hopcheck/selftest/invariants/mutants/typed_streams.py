"""Relays that break the grammar of the streams with typed events: Anthropic's Messages and OpenAI's Responses."""

from __future__ import annotations

from hopcheck.authoring import edits
from hopcheck.selftest.invariants.registry import invariant_mutant
from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import Events, Relay


class _MessageEvents(Relay):
    def changed(self, event: Event) -> Event | None:
        """What is sent in an event's place; None for nothing."""
        return event

    async def events(self, events: Events) -> Events:
        async for event in events:
            if (sent := self.changed(event)) is not None:
                yield sent


@invariant_mutant("stream-grammar", "messages.stream", cause="there is no message_stop")
class StopsNoMessage(_MessageEvents):
    """`message_stop` is left out."""

    def changed(self, event: Event) -> Event | None:
        return None if event.event == "message_stop" else event


@invariant_mutant("stream-grammar", "messages.stream", cause="a block is not closed")
class ClosesNoBlock(_MessageEvents):
    """Blocks aren't closed."""

    def changed(self, event: Event) -> Event | None:
        return None if event.event == "content_block_stop" else event


@invariant_mutant("stream-grammar", "messages.stream", cause="an event's line is not its type")
class NamesNoEvents(_MessageEvents):
    """Events have data alone."""

    def changed(self, event: Event) -> Event | None:
        return event_of(event.json)


@invariant_mutant("stream-grammar", "messages.stream", cause="there is no stop reason")
class GivesNoReason(_MessageEvents):
    """Why a message ends isn't named."""

    def changed(self, event: Event) -> Event | None:
        payload = event.json
        if payload["type"] != "message_delta":
            return event
        return event_of({**payload, "delta": {**payload["delta"], "stop_reason": None}}, event.event)


RESPONSE_GRAMMAR = ("stream-grammar", "responses.stream")


@invariant_mutant(*RESPONSE_GRAMMAR, cause="no event ends the response")
class NeverCompletes(Relay):
    """What ends a response is left out."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, "response.completed", "response.incomplete")


@invariant_mutant(*RESPONSE_GRAMMAR, cause="an item or a part is not done")
class SwallowsItemEnds(Relay):
    """Items aren't done, and the events after that keep their numbers."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, "response.output_item.done")


@invariant_mutant(*RESPONSE_GRAMMAR, cause="events are not numbered one after the other")
class CountsFromOneAgain(_MessageEvents):
    """Every event has the number 1."""

    def changed(self, event: Event) -> Event | None:
        return event_of({**event.json, "sequence_number": 1}, event.event)


@invariant_mutant(*RESPONSE_GRAMMAR, cause="id changes within a stream")
class GivesEachEventAnId(Relay):
    """The response has another id when it ends."""

    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, self._edit)

    def _edit(self, content: dict[str, object]) -> None:
        if content.get("object") == "response" and content.get("status") != "in_progress":
            content["id"] = "resp_other"


@invariant_mutant("stream-grammar", "messages.stream", "responses.stream", cause="there is a [DONE]")
class EndsLikeChats(Relay):
    """A `[DONE]` follows what ends a response or a message."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
        yield DONE


@invariant_mutant(*RESPONSE_GRAMMAR, cause="a whole text is not that of its pieces")
class FinishesAnother(Relay):
    """The whole text of a part isn't that of its deltas."""

    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, self._edit)

    def _edit(self, content: dict[str, object]) -> None:
        if content.get("type") == "response.output_text.done":
            content["text"] = "Goodbye"
