"""Mutants of the cases about streams that fail."""

import asyncio
import json

from hopcheck import DONE, Event, Events, Failure, IncomingRequest, Relay, RelayedResponse, event_of, incoming
from hopcheck.selftest.independent import violates

from .stream_ends import chunk, streamed


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
