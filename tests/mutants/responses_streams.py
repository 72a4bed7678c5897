"""Mutants of the cases about streams of OpenAI's Responses."""

from typing import Any

from hopcheck import DONE, Events, Failure, IncomingRequest, Relay, RelayedResponse, dig, edits, event_of
from hopcheck.selftest.independent import violates

Json = dict[str, Any]


class _EditsEvents(Relay):
    def events(self, events: Events) -> Events:
        return edits.every_event_object(events, self.edit)

    def edit(self, content: Json) -> None:
        """Change an object in place."""


@violates("responses.broken-stream")
class CallsCutsIncomplete(Relay):
    """A stream that broke is a response that its limit cut short."""

    async def broken(self, failure: Failure) -> Events:
        for event in edits.ending():
            whole = {**event.json["response"], "status": "incomplete"}
            yield event_of({**event.json, "type": "response.incomplete", "response": whole}, "response.incomplete")


@violates("responses.broken-stream")
class EndsWithDone(Relay):
    """A stream that broke ends with `[DONE]`."""

    async def broken(self, failure: Failure) -> Events:
        yield DONE


@violates("responses.error-first")
class CompletesErrors(Relay):
    """A stream that begins with an error is a complete response in one piece, without output."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.kind != "error-event":
            return response
        response.status = 200
        return response.with_json({"id": "resp_1", "object": "response", "status": "completed", "output": []})


@violates("responses.event-names")
class NamesAllAlike(Relay):
    """What ends a stream has no name."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event_of(event.json) if event.event == "response.completed" else event


@violates("responses.failing-stream")
class DropsFailures(Relay):
    """A failure within a stream just ends it."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, "response.failed")


@violates("responses.failing-stream")
class TellsEverythingTwice(_EditsEvents):
    """A failure within a stream is the server's, in its own words."""

    def edit(self, content: Json) -> None:
        if dig(content, "error", "message"):
            content["error"] = {"code": "server_error", "message": "Something went wrong."}


@violates("responses.pieces")
class SendsPairs(Relay):
    """The first piece of a text waits for the second, and is sent behind it."""

    async def events(self, events: Events) -> Events:
        held = None
        async for event in events:
            if edits.text_of(event.json) and held is None:
                held = event
                continue
            yield event
            if held is not None and edits.text_of(event.json):
                yield held
                held = event_of({"type": "hopcheck"})


@violates("responses.same-ids")
class SharesOneId(_EditsEvents):
    """Deltas name the response as their item."""

    def edit(self, content: Json) -> None:
        if content.get("type") == "response.output_text.delta":
            content["item_id"] = "resp_own"


@violates("responses.sdk-stream")
class AddsNoParts(Relay):
    """A part of a message isn't announced."""

    def events(self, events: Events) -> Events:
        return edits.drop_events(events, "response.content_part.added")


@violates("responses.sequence-numbers")
class NumbersByHundreds(_EditsEvents):
    """Numbers are those of hundreds of events."""

    def edit(self, content: Json) -> None:
        if "sequence_number" in content:
            content["sequence_number"] //= 100


@violates("responses.unknown-events")
class RenamesTheUnknown(_EditsEvents):
    """Events of unknown types are called unknown."""

    def edit(self, content: Json) -> None:
        if "hologram" in str(content.get("type")):
            content["type"] = "response.unknown"


@violates("responses.usage-with-the-end")
class CountsAtFirst(_EditsEvents):
    """The usage stands in the first event, and not in the last."""

    def edit(self, content: Json) -> None:
        if content.get("object") == "response":
            is_first = content["status"] == "in_progress"
            content["usage"] = {"input_tokens": 1, "output_tokens": 0, "total_tokens": 1} if is_first else None
