"""The sixth relay's faults: what a response's content does to it on the way to the client."""

from __future__ import annotations

from html import escape

from hopcheck import Event, Events, Relay, RelayedResponse, edits, event_of
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import EMBEDDINGS, Json

FAULTS = Faults()

FIDELITY = r"^response-fidelity\[chat.stream\]"


class EditsCompletions(Relay):
    """Base of those that change a completion in one piece."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change its choices."""
        return edits.choices(await super().response(response), self.edit)

    def edit(self, choice: Json) -> None:
        """Change a choice in place."""


class EditsChunks(Relay):
    """Base of those that change the chunks of a stream."""

    async def events(self, events: Events) -> Events:
        """Change each."""
        state: Json = {}
        async for event in super().events(events):
            yield edits.chunk(event, lambda chunk: self.edit_chunk(chunk, state))

    def edit_chunk(self, chunk: Json, state: Json) -> None:
        """Change a chunk in place; `state` is the stream's."""


@FAULTS.fault(r"^chat\.content-exact|^response-fidelity\[chat\]: .*content")
class StripsLeadingSpaces(EditsCompletions):
    """A text in one piece begins with no white space."""

    def edit(self, choice: Json) -> None:
        """Strip it."""
        super().edit(choice)
        if isinstance(choice["message"].get("content"), str):
            choice["message"]["content"] = choice["message"]["content"].lstrip()


@FAULTS.fault(r"^stream\.content-exact|^response-fidelity\[chat\.stream\]: .*content")
class EscapesMarkup(EditsChunks):
    """In streams, `<` and `&` are escaped as in HTML."""

    def edit_chunk(self, chunk: Json, state: Json) -> None:
        """Escape them."""
        super().edit_chunk(chunk, state)
        for choice in chunk["choices"]:
            if isinstance(choice["delta"].get("content"), str):
                choice["delta"]["content"] = escape(choice["delta"]["content"], quote=False)


@FAULTS.fault(r"^tools\.call-nonstream|^response-fidelity\[chat\]: choices\[\]\.tool_calls\[\]\.id")
class ShortensIds(EditsCompletions):
    """The id of a call has at most 40 characters, which one provider allows."""

    def edit(self, choice: Json) -> None:
        """Cut it."""
        super().edit(choice)
        for call in choice["message"].get("tool_calls") or ():
            call["id"] = call["id"][:40]


@FAULTS.fault(r"^(chat\.logprobs|response-fidelity\[chat\]: .*logprobs)")
class ForgetsTheLeastProbable(EditsCompletions):
    """A log probability of -9999, which stands for none, becomes null."""

    def edit(self, choice: Json) -> None:
        """Change it."""
        super().edit(choice)
        for token in (choice.get("logprobs") or {}).get("content") or ():
            for one in (token, *(token.get("top_logprobs") or ())):
                one["logprob"] = None if one["logprob"] < -1000 else one["logprob"]


@FAULTS.fault(r"^(stream\.(role-first|content-exact|packed-deltas)|response-fidelity\[chat\.stream\]: .*content)")
class LosesTextWithTheRole(EditsChunks):
    """The text of a chunk that names the role is lost."""

    def edit_chunk(self, chunk: Json, state: Json) -> None:
        """Lose it."""
        super().edit_chunk(chunk, state)
        for choice in chunk["choices"]:
            if choice["delta"].get("role") and choice["delta"].get("content"):
                choice["delta"]["content"] = ""


@FAULTS.fault(r"^stream\.usage-chunk\[chat\.stream\]: counts after a call")
class CountsTextAlone(Relay):
    """A stream with a tool call has no chunk with counts."""

    async def events(self, events: Events) -> Events:
        """Leave it out."""
        calls = False
        async for event in super().events(events):
            chunk = edits.chunk_of(event) or {"choices": []}
            calls = calls or any(one.get("delta", {}).get("tool_calls") for one in chunk["choices"])
            if not (calls and chunk.get("usage")):
                yield event


@FAULTS.fault(r"^stream\.content-exact")
class SplitsAtOddLineEnds(Relay):
    """An event whose text has a form feed, a NEL or a file separator is lost: `str.splitlines` cut it."""

    async def events(self, events: Events) -> Events:
        """Lose it."""
        async for event in super().events(events):
            if not set(event.data or "") & {"\x0b", "\x0c", "\x1c", "\x85"}:
                yield event


@FAULTS.fault(r"^(tools\.(stream|arguments)|stream\.packed|response-fidelity\[chat\.stream\]: .*tool_calls)")
class KnowsTwoCalls(EditsChunks):
    """Of the calls of a stream, the third and later ones are lost."""

    def edit_chunk(self, chunk: Json, state: Json) -> None:
        """Lose them."""
        super().edit_chunk(chunk, state)
        for choice in chunk["choices"]:
            calls = choice["delta"].get("tool_calls")
            if calls:
                choice["delta"]["tool_calls"] = [call for call in calls if call.get("index", 0) < 2]


@FAULTS.fault(r"^chat\.reasoning-between")
class ThinksOrTalks(EditsChunks):
    """A reasoning that comes after the first text is lost."""

    def edit_chunk(self, chunk: Json, state: Json) -> None:
        """Lose it."""
        super().edit_chunk(chunk, state)
        for choice in chunk["choices"]:
            if state.get("talks"):
                choice["delta"].pop("reasoning_content", None)
            state["talks"] = state.get("talks") or bool(choice["delta"].get("content"))


@FAULTS.fault(r"^stream\.done-missing-upstream\[chat\.stream\]: answer with a call")
class WantsDoneAfterCalls(Relay):
    """A stream that finished with tool calls and has no `[DONE]` ends in an error."""

    def sound(self, events: Events) -> Events:
        """Look for it."""
        return super().sound(self._wanting(events))

    async def _wanting(self, events: Events) -> Events:
        finish, done = "", False
        async for event in events:
            for choice in (edits.chunk_of(event) or {}).get("choices", ()):
                finish = choice.get("finish_reason") or finish
            done = done or event.is_done
            yield event
        if finish == "tool_calls" and not done:
            yield event_of({"error": {"message": "It broke.", "type": "server_error", "param": None, "code": "broke"}})


@FAULTS.fault(r"^stream\.flush")
class LagsByOneEvent(Relay):
    """An event of a stream is sent on when the next one has come."""

    async def events(self, events: Events) -> Events:
        """Hold one back."""
        held: Event | None = None
        async for event in super().events(events):
            if held is not None:
                yield held
            held = event
        if held is not None:
            yield held


@FAULTS.fault(r"^(chat\.large-response|response-fidelity\[chat\]: .*content)")
class LimitsTexts(EditsCompletions):
    """A text in one piece has at most 2 MiB."""

    def edit(self, choice: Json) -> None:
        """Cut it."""
        super().edit(choice)
        if isinstance(choice["message"].get("content"), str):
            choice["message"]["content"] = choice["message"]["content"][: 2**21]


@FAULTS.fault(r"^(embeddings\.|response-fidelity\[embeddings\]|contract\.response\[embeddings\])")
class WritesZerosAsIntegers(Relay):
    """Numbers of a vector that are tiny become 0."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Flush them to zero."""
        response = await super().response(response)
        if response.incoming.path != EMBEDDINGS:
            return response
        return edits.body(response, self._flush, having="data")

    def _flush(self, body: Json) -> None:
        for one in body["data"]:
            if isinstance(one["embedding"], list):
                one["embedding"] = [number if abs(number) > 1e-6 else 0 for number in one["embedding"]]


@FAULTS.fault(r"^chat\.n-choices\[chat\]: finish reasons")
class FinishesAlike(Relay):
    """The finish reason of the first choice is that of all."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Copy it."""
        return edits.body(await super().response(response), self._copy)

    def _copy(self, body: Json) -> None:
        for choice in body["choices"][1:]:
            choice["finish_reason"] = body["choices"][0]["finish_reason"]
