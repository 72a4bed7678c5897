"""Mutants of the cases about token counts in streams, and about what a stream is made of."""

import asyncio

from hopcheck import Event, Events, Relay, RelayedResponse, edits
from hopcheck.selftest.independent import violates

from .stream_ends import Chunk


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


@violates("stream.own-keepalive", on=("chat.stream", "responses.stream"))
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


@violates("stream.flush")
class WaitsForTheNext(Relay):
    """Each event is sent when the next one has come."""

    async def events(self, events: Events) -> Events:
        held: Event | None = None
        async for event in events:
            if held is not None:
                yield held
            held = event
        if held is not None:
            yield held
