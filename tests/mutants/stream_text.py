"""Mutants of the cases about the events of a stream and what is in them."""

from collections.abc import Callable
from typing import Any

from hopcheck import DONE, Event, Events, Failure, Relay, RelayedResponse, edits, event_of
from hopcheck.selftest.independent import violates

Chunk = dict[str, Any]


async def passed(events: Events, wanted: Callable[[Event], bool]) -> Events:
    """The events of a stream that are wanted."""
    async for event in events:
        if wanted(event):
            yield event


def text_edit(change: Callable[[str], str]) -> Callable[[Chunk], None]:
    """An edit that changes the text of every delta."""

    def edit(choice: Chunk) -> None:
        if isinstance(choice["delta"].get("content"), str):
            choice["delta"]["content"] = change(choice["delta"]["content"])

    return edit


@violates("stream.chunk-schema")
class LastChunkHasNoObject(Relay):
    """The chunk with the finish reason doesn't say what it is."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: edits.finishes(chunk) and chunk.pop("object", None))


@violates("stream.chunk-schema")
class UsageChunkHasNoTime(Relay):
    """A chunk with counts has no time of creation, and counts without a total."""

    def events(self, events: Events) -> Events:
        def edit(chunk: Chunk) -> None:
            if chunk.get("usage"):
                chunk.pop("created", None)
                chunk["usage"].pop("total_tokens", None)

        return edits.chunks(events, edit)


@violates("stream.comments")
class MakesCommentsChunks(Relay):
    """A comment becomes an empty chunk, like the last one before it."""

    async def sound(self, events: Events) -> Events:
        last: Chunk = {"id": "chatcmpl-0", "object": "chat.completion.chunk", "created": 1, "model": "fake-model"}
        async for event in super().sound(events):
            last = edits.chunk_of(event) or last
            if event.comments and event.data is None:
                yield event_of({**last, "choices": [{"index": 0, "delta": {}, "finish_reason": None}]})
            else:
                yield event


@violates("stream.content-exact")
class UnifiesLineEndsInDeltas(Relay):
    """Carriage returns are taken out of deltas."""

    def events(self, events: Events) -> Events:
        return edits.chunk_choices(events, text_edit(lambda text: text.replace("\r", "")))


@violates("stream.content-exact")
class SkipsEqualDeltas(Relay):
    """A delta that equals the one before it is taken for a repetition, and left out."""

    async def events(self, events: Events) -> Events:
        last = ""
        async for event in events:
            text = edits.text_of(edits.chunk_of(event) or {})
            if not text or text != last:
                yield event
            last = text or last


@violates("stream.content-type")
class AnswersStreamsWith202(Relay):
    """A stream is answered with status 202."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.streamed:
            response.status = 202
        return response


@violates("stream.content-type")
class NamesNoMediaType(Relay):
    """A stream's media type is that of JSON, line by line."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Type", "application/x-ndjson") if response.streamed else response


def finish_of(reason: str) -> Event:
    """A chunk that finishes a choice."""
    choice = {"index": 0, "delta": {}, "finish_reason": reason}
    return event_of(
        {
            "id": "chatcmpl-0",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "fake-model",
            "choices": [choice],
        }
    )


@violates("stream.cut")
class TakesResetsForEnds(Relay):
    """A stream that ends with a reset of the connection is taken for a whole one."""

    async def broken(self, failure: Failure) -> Events:
        if "reset" in failure.detail:
            yield finish_of("stop")
            yield DONE
        else:
            async for event in super().broken(failure):
                yield event


@violates("stream.cut")
class EndsCutsWithDone(Relay):
    """A stream that is cut ends with `[DONE]` alone."""

    async def broken(self, failure: Failure) -> Events:
        yield DONE


@violates("stream.delta-empty")
class SkipsChunksWithoutFinishField(Relay):
    """A chunk whose choice has no field `finish_reason` is left out."""

    def events(self, events: Events) -> Events:
        def unwanted(chunk: Chunk) -> bool:
            return any("finish_reason" not in choice for choice in chunk["choices"])

        return edits.drop_chunks(events, unwanted)


@violates("stream.delta-empty")
class EndsAtNull(Relay):
    """A delta whose content is null ends the text."""

    async def events(self, events: Events) -> Events:
        ended = False
        async for event in events:
            chunk = edits.chunk_of(event) or {"choices": []}
            ended = ended or any(
                "content" in one["delta"] and one["delta"]["content"] is None for one in chunk["choices"]
            )
            if not ended or not edits.text_of(chunk):
                yield event


@violates("stream.delta-fields")
class ForgetsPromptDetails(Relay):
    """Of a usage, the details of the prompt are left out."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: (chunk.get("usage") or {}).pop("prompt_tokens_details", None))


@violates("stream.delta-fields")
class SendsRefusalsAsText(Relay):
    """A refusal arrives as text."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice["delta"].get("refusal"):
                choice["delta"]["content"] = choice["delta"].pop("refusal")

        return edits.chunk_choices(events, edit)


@violates("stream.long")
class SwapsInTheMiddle(Relay):
    """After five hundred events, two of them change places."""

    async def events(self, events: Events) -> Events:
        number, held = 0, None
        async for event in events:
            number += 1
            if number == 500:
                held = event
                continue
            yield event
            if held is not None:
                yield held
                held = None


@violates("stream.long-event")
class CutsLongDeltas(Relay):
    """The text of a delta has at most 65,536 characters."""

    def events(self, events: Events) -> Events:
        shortened = edits.chunk_choices(events, text_edit(lambda text: text[:65536]))
        return edits.every_event_object(shortened, lambda content: edits.text(content, lambda text: text[:65536]))


@violates("stream.long-event")
class SkipsHugeEvents(Relay):
    """An event of more than half a mebibyte is left out."""

    def events(self, events: Events) -> Events:
        return passed(events, lambda event: len(event.raw) < 2**19)
