"""A relay whose faults are in streams: next to calls, reasoning and further choices, or where a stream is cut short."""

from __future__ import annotations

from hopcheck import DONE, Event, Events, Relay, edits, event_of
from tools.gated_faults.conditions.edit_bases import EditsChunks
from tools.gated_faults.fault import Faults
from tools.gated_faults.parts import Json

FAULTS = Faults()


def highest_index(chunk: Json | None) -> int:
    """The highest index of a chunk's choices."""
    return max((choice.get("index", 0) for choice in (chunk or {}).get("choices", [])), default=0)


@FAULTS.fault(r"^response-fidelity\[chat\.stream\]: .*finish|^stream\.(finish-matches|finish)")
class CallsAreWhole(Relay):
    """A stream with a call has the finish reason `tool_calls`, also where it was cut off."""

    async def events(self, events: Events) -> Events:
        """Exchange the reason."""
        called = False
        async for event in super().events(events):
            called = called or b'"tool_calls":' in event.raw
            yield edits.chunk(event, self._exchange) if called else event

    def _exchange(self, chunk: Json) -> None:
        for choice in chunk["choices"]:
            if choice.get("finish_reason"):
                choice["finish_reason"] = "tool_calls"


@FAULTS.fault(r"^(stream-grammar|response-fidelity)\[chat\.stream\]: .*DONE|^stream\.done-once")
class EndsEachChoice(Relay):
    """A stream of several choices ends with a `[DONE]` for each."""

    async def events(self, events: Events) -> Events:
        """Add the others."""
        most = 0
        async for event in super().events(events):
            most = max(most, highest_index(edits.chunk_of(event)))
            yield event
            for _ in range(most if event.is_done else 0):
                yield DONE


@FAULTS.fault(r"^stream\.same-id|^stream-grammar\[chat\.stream\]: .*id")
class NamesChoicesApart(EditsChunks):
    """Chunks of further choices have an id of their own."""

    def edit_delta(self, choice: Json, chunk: Json) -> None:
        """Change it."""
        if choice.get("index"):
            chunk["id"] = f"{chunk['id']}-1"


@FAULTS.fault(r"^stream\.(content-exact|delta|role)|^response-fidelity\[chat\.stream\]: choices\[\]\.(text|content)")
class TakesRolesForEmpty(EditsChunks):
    """The text of a delta that says the role is lost."""

    def edit_delta(self, choice: Json, chunk: Json) -> None:
        """Lose it."""
        if choice["delta"].get("role") and choice["delta"].get("content"):
            choice["delta"]["content"] = ""


@FAULTS.fault(r"usage")
class CountsNothingWhenCut(Relay):
    """A stream that its limit cut short has no counts."""

    async def events(self, events: Events) -> Events:
        """Leave them out."""
        cut = False
        async for event in super().events(events):
            chunk = edits.chunk_of(event) or {}
            cut = cut or any(choice.get("finish_reason") == "length" for choice in chunk.get("choices", []))
            if not (cut and chunk.get("usage") and not chunk.get("choices")):
                yield event


@FAULTS.fault(r"^stream\.(cut|error-mid)")
class FinishesOpenCalls(Relay):
    """A stream that fails while it calls a tool ends as if the call were whole."""

    async def events(self, events: Events) -> Events:
        """End it well."""
        called = False
        async for event in super().events(events):
            called = called or b'"tool_calls":' in event.raw
            if called and isinstance(event.json, dict) and "error" in event.json:
                choice = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
                whole = {"object": "chat.completion.chunk", "created": 1, "model": "fake-model", "choices": [choice]}
                yield event_of({"id": "own", **whole})
                yield DONE
                return
            yield event


class HoldsEvents(Relay):
    """Base of those that hold events of one kind until another comes."""

    async def held_until_other(self, events: Events, word: bytes) -> Events:
        """Hold those that have a word."""
        held: list[Event] = []
        async for event in events:
            if word in event.raw and b'"finish_reason":"' not in event.raw.replace(b" ", b""):
                held.append(event)
                continue
            for one in (*held, event):
                yield one
            held = []
        for one in held:
            yield one


@FAULTS.fault(r"^stream\.(flush|no-coalesce)")
class CollectsCalls(HoldsEvents):
    """The pieces of a call are held until the call is complete."""

    def events(self, events: Events) -> Events:
        """Hold them."""
        return self.held_until_other(super().events(events), b'"tool_calls"')


@FAULTS.fault(r"role|^stream\.role-first")
class GivesOneRole(EditsChunks):
    """Of several choices, the first one has a role."""

    def edit_delta(self, choice: Json, chunk: Json) -> None:
        """Drop the others'."""
        if choice.get("index"):
            choice["delta"].pop("role", None)


@FAULTS.fault(r"logprobs")
class PassesOneProbability(EditsChunks):
    """Of a chunk that holds several tokens, the first one's log probability is passed on."""

    def edit_delta(self, choice: Json, chunk: Json) -> None:
        """Drop the others."""
        if isinstance(choice.get("logprobs"), dict) and choice["logprobs"].get("content"):
            choice["logprobs"]["content"] = choice["logprobs"]["content"][:1]


@FAULTS.fault(r"^responses\.same-ids|^stream-grammar\[responses\.stream\]|^response-fidelity\[responses\.stream\]")
class RenamesCallsAtTheEnd(Relay):
    """In a response's final form, calls have other ids than in their events."""

    async def events(self, events: Events) -> Events:
        """Rename them."""
        async for event in super().events(events):
            content = event.json
            if not isinstance(content, dict) or content.get("type") != "response.completed":
                yield event
                continue
            for one in content["response"].get("output", []):
                if one.get("type") == "function_call":
                    one["id"] = f"fc_{one['call_id']}"
            yield event_of(content, event.event)
