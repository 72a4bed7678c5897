"""Mutants of the cases about how a stream is read, and how it ends."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hopcheck import Event, Events, IncomingRequest, Relay, RelayedResponse, edits, event_of
from hopcheck.selftest.independent import violates

Chunk = dict[str, Any]


def streamed(incoming: IncomingRequest, *events: Event) -> RelayedResponse:
    """A stream that no provider sent."""
    body = b"".join(event.raw for event in events)
    return RelayedResponse(incoming, 200, [("Content-Type", "text/event-stream")], body)


def chunk(incoming: IncomingRequest, delta: Chunk, reason: str | None) -> Event:
    """A chunk that no provider sent."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    common = {"object": "chat.completion.chunk", "created": 1_700_000_000, "model": incoming.model}
    return event_of({"id": f"chatcmpl-{incoming.id}", **common, "choices": [choice]})


@violates("stream.anti-buffer-headers")
class ForbidsCachesHalf(Relay):
    """A stream may be kept for no time, which doesn't forbid to keep it, and to be buffered."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if not response.streamed:
            return response
        return response.with_header("Cache-Control", "max-age=0").with_header("X-Accel-Buffering", "yes")


@violates("stream.done-missing-upstream")
class HoldsOneEventBack(Relay):
    """Each event waits for the next one, so the last of a stream without `[DONE]` is lost."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        held = None
        async for event in super().parse(body):
            if held is not None:
                yield held
            held = event
            if event.is_done:
                yield event


@violates("stream.done-missing-upstream")
class PassesEndsOn(Relay):
    """A stream that the provider ends without `[DONE]` ends without it."""

    async def sound(self, events: Events) -> Events:
        seen = []
        async for event in super().sound(self.noted(events, seen)):
            if not event.is_done or seen:
                yield event

    async def noted(self, events: Events, seen: list[Event]) -> Events:
        async for event in events:
            if event.is_done:
                seen.append(event)
            yield event


@violates("stream.done-once")
class EndsTwiceWithCounts(Relay):
    """A stream with counts ends twice."""

    async def events(self, events: Events) -> Events:
        counted = False
        async for event in events:
            counted = counted or bool((edits.chunk_of(event) or {}).get("usage"))
            yield event
            if event.is_done and counted:
                yield event


@violates("stream.done-once")
class EndsTwiceWithCalls(Relay):
    """A stream whose answer calls a tool ends twice."""

    async def events(self, events: Events) -> Events:
        called = False
        async for event in events:
            called = called or b'"tool_calls"' in event.raw
            yield event
            if event.is_done and called:
                yield event


@violates("stream.empty-choices-tolerated")
class SkipsAfterEmptyChunks(Relay):
    """The chunk after one without choices is left out, unless it finishes."""

    async def events(self, events: Events) -> Events:
        skips = False
        async for event in events:
            content = edits.chunk_of(event)
            if not (skips and content and content["choices"] and not edits.finishes(content)):
                yield event
            skips = content is not None and not content["choices"]


@violates("stream.ends-at-done")
class WaitsForTheConnection(Relay):
    """After `[DONE]`, the client's stream stays open until the provider's connection ends."""

    async def sound(self, events: Events) -> Events:
        async for event in super().sound(events):
            yield event
        async for _ in events:
            pass


@violates("stream.finish-matches")
class StopsAtFilters(Relay):
    """The finish reason `content_filter` becomes `stop` in streams."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice.get("finish_reason") == "content_filter":
                choice["finish_reason"] = "stop"

        return edits.chunk_choices(events, edit)


@violates("stream.finish-once")
class AddsAnEmptyDelta(Relay):
    """An empty delta follows the finish reason."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            content = edits.chunk_of(event)
            if content and edits.finishes(content):
                index = content["choices"][0]["index"]
                yield event_of({**content, "choices": [{"index": index, "delta": {}, "finish_reason": None}]})


@violates("stream.flush")
class HoldsTheBeginning(Relay):
    """The first six events of a stream leave together."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        number = 0
        async for event in events:
            held.append(event)
            number += 1
            if number >= 6 or event.is_done:
                for one in held:
                    yield one
                held = []
        for one in held:
            yield one


@violates("stream.frame-split")
class ReadsTwoEventsAtOnce(Relay):
    """Of more than two events that come in one write, the rest is lost but for the end."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        async for data in body:
            blocks = data.split(b"\n\n")
            kept = blocks if len(blocks) < 5 else [*blocks[:2], *blocks[-3:]]
            async for event in super().parse(self.once(b"\n\n".join(kept))):
                yield event

    async def once(self, data: bytes) -> AsyncIterator[bytes]:
        yield data


@violates("stream.line-endings")
class NeedsSpaces(Relay):
    """An event without a space after the colon isn't read."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        async for event in super().parse(body):
            if not event.raw.startswith(b"data:") or event.raw.startswith(b"data: "):
                yield event


@violates("stream.line-endings")
class NeedsPlainLineFeeds(Relay):
    """An event whose lines end with CRLF isn't read."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        async for event in super().parse(body):
            if b"\r" not in event.raw:
                yield event


@violates("stream.multiline-data")
class SkipsNumberedEvents(Relay):
    """An event with an id isn't read."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        async for event in super().parse(body):
            if event.id is None:
                yield event


@violates("stream.multiline-data")
class ReadsTheFirstLine(Relay):
    """Of data on several lines, the first is read."""

    async def parse(self, body: AsyncIterator[bytes]) -> Events:
        async for event in super().parse(body):
            yield replace(event, data=event.data.partition("\n")[0]) if event.data else event
