"""Mutants of the cases about the choices of a stream."""

from collections.abc import AsyncIterator
from typing import Any

from hopcheck import Events, Relay, RelayedResponse, edits, event_of, incoming
from hopcheck.selftest.independent import violates

from .stream_text import Chunk


@violates("stream.logprobs")
class KeepsFirstAlternatives(Relay):
    """From the second token on, log probabilities have no alternatives."""

    def events(self, events: Events) -> Events:
        seen: list[Any] = []

        def edit(choice: Chunk) -> None:
            for token in (choice.get("logprobs") or {}).get("content") or []:
                seen.append(token)
                if len(seen) > 1:
                    token["top_logprobs"] = []

        return edits.chunk_choices(events, edit)


@violates("stream.n-choices")
class FinishesTheFirst(Relay):
    """All finish reasons come under the first choice's index."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice.get("finish_reason"):
                choice["index"] = 0

        return edits.chunk_choices(events, edit)


@violates("stream.n-choices")
class SharesReasons(Relay):
    """All choices have the finish reason of the one that finished first."""

    def events(self, events: Events) -> Events:
        seen: list[str] = []

        def edit(choice: Chunk) -> None:
            if choice.get("finish_reason"):
                seen.append(choice["finish_reason"])
                choice["finish_reason"] = seen[0]

        return edits.chunk_choices(events, edit)


@violates("stream.no-coalesce")
class JoinsPairs(Relay):
    """Every two deltas with text are joined to one."""

    async def events(self, events: Events) -> Events:
        held: Chunk | None = None
        async for event in events:
            chunk = edits.chunk_of(event)
            if held is not None and chunk and edits.text_of(chunk):
                chunk["choices"][0]["delta"]["content"] = edits.text_of(held) + edits.text_of(chunk)
                held = None
                yield event_of(chunk)
            elif chunk and edits.text_of(chunk) and not chunk["choices"][0]["delta"].get("role"):
                held = chunk
            else:
                if held is not None:
                    yield event_of(held)
                    held = None
                yield event


@violates("stream.nonstream-parity", everywhere=True)
class CountsChunks(Relay):
    """In a stream, the count of the answer's tokens is that of its chunks."""

    def events(self, events: Events) -> Events:
        chunks: list[Chunk] = []

        def edit(chunk: Chunk) -> None:
            chunks.append(chunk)
            if chunk.get("usage"):
                chunk["usage"]["completion_tokens"] = len(chunks)

        return edits.chunks(events, edit)


@violates("stream.nonstream-parity", everywhere=True)
class TrimsAnswersInOnePiece(Relay):
    """The text of an answer in one piece is trimmed."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return edits.messages(response, lambda message: message.update(content=(message["content"] or "").strip()))


@violates("stream.obfuscation")
class SkipsPadding(Relay):
    """A chunk with padding is taken for padding alone."""

    def events(self, events: Events) -> Events:
        return edits.drop_chunks(events, lambda chunk: "obfuscation" in chunk)


@violates("stream.role-first")
class SaysTheRoleLast(Relay):
    """The delta of the chunk that finishes says the role again."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice.get("finish_reason"):
                choice["delta"]["role"] = "assistant"

        return edits.chunk_choices(events, edit)


@violates("stream.role-first")
class LosesTheRoleOfCalls(Relay):
    """A delta with a call, or with an empty text, has no role."""

    def events(self, events: Events) -> Events:
        def edit(choice: Chunk) -> None:
            if choice["delta"].get("tool_calls") or choice["delta"].get("content") in ("", None):
                choice["delta"].pop("role", None)

        return edits.chunk_choices(events, edit)


@violates("stream.same-id")
class DatesTheLastChunk(Relay):
    """The chunk with the finish reason was created a second later."""

    def events(self, events: Events) -> Events:
        return edits.chunks(events, lambda chunk: edits.finishes(chunk) and chunk.update(created=chunk["created"] + 1))


@violates("stream.same-id")
class NamesAnotherModelWithCounts(Relay):
    """The chunk with the counts names the model that was asked for, and has an id of its own."""

    def events(self, events: Events) -> Events:
        def edit(chunk: Chunk) -> None:
            if not chunk["choices"]:
                chunk.update(id="chatcmpl-usage", model=f"{incoming().model}-usage")

        return edits.chunks(events, edit)


@violates("stream.utf8-split")
class LosesLongCharacters(Relay):
    """A character of four bytes whose bytes come apart is lost."""

    def parse(self, body: AsyncIterator[bytes]) -> Events:
        return super().parse(self.whole(body))

    async def whole(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for data in body:
            yield bytes(byte for byte in data if byte < 0xF0) if len(data) < 4 else data
