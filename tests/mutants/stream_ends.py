"""Mutants of the cases about how a stream is read, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hopcheck import DONE, Event, Events, Failure, IncomingRequest, Relay, RelayedResponse, edits, event_of, incoming
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


@violates("stream.error-before-first")
class DeclaresErrorsAsStreams(Relay):
    """An error in place of a stream is declared to be one."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status < 400 or not response.incoming.streams or response.origin != "provider":
            return response
        return response.with_header("Content-Type", "text/event-stream")


@violates("stream.error-before-first")
class SendsErrorsAsEvents(Relay):
    """A provider's 429 and 400 in place of a stream is a stream with an error in it."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if failure.status not in (400, 429):
            return response
        return streamed(incoming, event_of(response.json), DONE)


@violates("stream.error-in-200")
class TakesErrorsForFilters(Relay):
    """A stream that begins with an error is an empty answer that was filtered."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if failure.kind != "error-event":
            return await super().failed(incoming, failure)
        return streamed(incoming, chunk(incoming, {"role": "assistant"}, None), chunk(incoming, {}, "stop"), DONE)


@violates("stream.error-mid")
class WritesErrorsIntoText(Relay):
    """An error in mid-stream becomes a part of the text, which then stops."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            error = event.json.get("error") if isinstance(event.json, dict) else None
            if error:
                yield chunk(incoming(), {"content": f"[{error.get('message')}]"}, None)
                yield chunk(incoming(), {}, "stop")
                yield DONE
            else:
                yield event


@violates("stream.error-mid")
class FinishesErrors(Relay):
    """An error in mid-stream is followed by a finish reason and `[DONE]`."""

    async def events(self, events: Events) -> Events:
        async for event in events:
            yield event
            if isinstance(event.json, dict) and event.json.get("error"):
                yield chunk(incoming(), {}, "error")
                yield DONE


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
    """The first three events of a stream leave together."""

    async def events(self, events: Events) -> Events:
        held: list[Event] = []
        number = 0
        async for event in events:
            held.append(event)
            number += 1
            if number >= 3 or event.is_done:
                for one in held:
                    yield one
                held = []
        for one in held:
            yield one


@violates("stream.frame-split")
class LosesBlankLines(Relay):
    """Line feeds at the beginning of what is read at once are taken for left-overs."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(self.stripped(body))

    async def stripped(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for data in body:
            yield data.lstrip(b"\n")


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


@violates("stream.json-instead")
class WrapsMessagesInChunks(Relay):
    """An answer in one piece in place of a stream becomes a chunk that has its message."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        try:
            body = json.loads(failure.body)
        except ValueError:
            body = None
        if failure.kind != "garbled" or not isinstance(body, dict):
            return await super().failed(incoming, failure)
        return streamed(incoming, event_of({**body, "object": "chat.completion.chunk"}), DONE)


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


@violates("stream.malformed-chunk")
class EndsAtMalformedEvents(Relay):
    """A malformed event ends the stream as if it were whole."""

    async def broken(self, failure: Failure) -> Events:
        if failure.kind == "garbled":
            yield chunk(incoming(), {}, "stop")
            yield DONE
        else:
            async for event in super().broken(failure):
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


@violates("stream.no-chunks")
class TakesNothingForAnAnswer(Relay):
    """A stream without a chunk becomes a stream with `[DONE]` alone."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if "before it began" in failure.detail:
            return streamed(incoming, DONE)
        return await super().failed(incoming, failure)


@violates("stream.no-chunks")
class MakesUpAnAnswer(Relay):
    """A stream without a chunk becomes an empty answer that stopped."""

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        if "before it began" in failure.detail:
            return streamed(incoming, chunk(incoming, {"role": "assistant"}, None), chunk(incoming, {}, "stop"), DONE)
        return await super().failed(incoming, failure)


@violates("stream.no-content-length")
class MeasuresStreams(Relay):
    """A stream is collected, and sent with its length."""

    async def _stream(self, head: RelayedResponse, events: Events) -> None:
        body = b"".join([frame async for frame in self.frames(self.events(self._checked(events)))])
        exchange = head.incoming.exchange
        await exchange.start(head.status, [*head.headers, ("Content-Length", str(len(body)))], "length")
        await exchange.write(body)
        await exchange.finish()


@violates("stream.no-content-length")
class CopiesALength(Relay):
    """A stream in chunks has a Content-Length of zero."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Length", "0") if response.streamed else response


@violates("stream.own-keepalive")
class PingsInSilence(Relay):
    """In every silence of 200 ms, a stream has an event that is a ping in JSON."""

    async def events(self, events: Events) -> Events:
        waiting = asyncio.ensure_future(anext(events, None))
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=0.2)
            if not done:
                yield Event(b'event: ping\ndata: {"type": "ping"}\n\n', '{"type": "ping"}')
                continue
            event = waiting.result()
            if event is None:
                return
            yield event
            waiting = asyncio.ensure_future(anext(events, None))


@violates("stream.packed-deltas")
class SkipsCallsAtTheEnd(Relay):
    """A call in the chunk that finishes is lost."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice.get("finish_reason"):
                choice["delta"].pop("tool_calls", None)

        return edits.chunk_choices(events, edit)


@violates("stream.packed-deltas")
class KeepsOneCallPerDelta(Relay):
    """Of several calls in one delta, the last one is passed on."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice["delta"].get("tool_calls"):
                choice["delta"]["tool_calls"] = choice["delta"]["tool_calls"][-1:]

        return edits.chunk_choices(events, edit)


@violates("stream.stall")
class CallsSilenceTooLong(Relay):
    """A stream that falls silent ends with the finish reason `length`."""

    async def broken(self, failure: Failure) -> Events:
        yield chunk(incoming(), {}, "length")
        yield DONE


@violates("stream.stall")
class KeepsSilentStreamsAlive(Relay):
    """A stream that falls silent goes on with comments."""

    async def broken(self, failure: Failure) -> Events:
        if failure.kind == "timeout":
            for _ in range(80):
                yield Event(b": keep-alive\n\n", comments=("keep-alive",))
                await asyncio.sleep(0.1)
        async for event in super().broken(failure):
            yield event


@violates("stream.usage-chunk")
class CountsTwice(Relay):
    """The counts come on the chunk with the finish reason, too."""

    def events(self, events: Events) -> Events:
        usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
        return edits.chunks(events, lambda content: edits.finishes(content) and content.update(usage=usage))


@violates("stream.usage-chunk")
class CountsWithAChoice(Relay):
    """The chunk with the counts has a choice with an empty delta."""

    def events(self, events: Events) -> Events:
        def edit(content: Chunk) -> None:
            if content.get("usage") and not content["choices"]:
                content["choices"] = [{"index": 0, "delta": {}, "finish_reason": None}]

        return edits.chunks(events, edit)


@violates("stream.usage-null-others")
class CountsFromTheBeginning(Relay):
    """The first chunk has counts of zero."""

    async def events(self, events: Events) -> Events:
        zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        first = True
        async for event in events:
            yield edits.chunk(event, lambda content: content.update(usage=zeros)) if first else event
            first = False


@violates("stream.usage-on-last-content")
class ForgetsCountsWithFinish(Relay):
    """Counts on the chunk with the finish reason are left out unless there is text next to them."""

    def events(self, events: Events) -> Events:
        def edit(content: Chunk) -> None:
            if edits.finishes(content) and not edits.text_of(content):
                content.pop("usage", None)

        return edits.chunks(events, edit)
