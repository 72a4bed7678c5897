"""Changes to requests, responses and streams, for mutants: an edit is given a JSON object, and changes it in place.

Whatever an edit isn't about (errors, model lists, `[DONE]`, comments) passes unchanged, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck.client import dig, items
from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import Events, OutgoingRequest, Relay, RelayedResponse, incoming

Chunk = dict[str, Any]
"""The JSON object of a stream's event."""

Edit = Callable[[dict[str, Any]], object]
"""Changes an object in place; its result is ignored."""


def request_field(outgoing: OutgoingRequest, name: str, change: Callable[[Any], Any]) -> OutgoingRequest:
    """Replace the value of a field of a request that has it with what `change` makes of it."""
    content = outgoing.json
    return outgoing.with_json({**content, name: change(content[name])}) if name in content else outgoing


def conversation(outgoing: OutgoingRequest, change: Callable[[Any], Any]) -> OutgoingRequest:
    """Replace the conversation of a request, its messages or its items of input, with what `change` makes of it."""
    return request_field(outgoing, "messages" if "messages" in outgoing.json else "input", change)


def body(response: RelayedResponse, edit: Edit, *, having: str = "choices") -> RelayedResponse:
    """Change the body of a response that has a field of that name: by default, of a chat completion."""
    content = response.json
    if not isinstance(content, dict) or having not in content:
        return response
    edit(content)
    return response.with_json(content)


def choices(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every choice of a chat completion."""
    return body(response, lambda content: [edit(choice) for choice in content["choices"]])


def messages(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every message of a chat completion."""
    return choices(response, lambda choice: edit(choice["message"]))


def chunk(event: Event, edit: Edit) -> Event:
    """Change the chunk that an event carries."""
    content = chunk_of(event)
    if content is None:
        return event
    edit(content)
    return event_of(content)


def deltas(event: Event, edit: Edit) -> Event:
    """Change the delta of every choice of the chunk that an event carries."""
    return chunk(event, lambda content: [edit(choice["delta"]) for choice in content["choices"]])


async def chunks(events: Events, edit: Edit) -> Events:
    """Change every chunk of a stream."""
    async for event in events:
        yield chunk(event, edit)


def chunk_choices(events: Events, edit: Edit) -> Events:
    """Change every choice of every chunk of a stream."""
    return chunks(events, lambda content: [edit(choice) for choice in content["choices"]])


async def drop_chunks(events: Events, unwanted: Callable[[Chunk], object]) -> Events:
    """Leave out the chunks for which `unwanted` is true."""
    async for event in events:
        content = chunk_of(event)
        if content is None or not unwanted(content):
            yield event


async def add_before_done(events: Events, make: Callable[[Chunk], Chunk | None]) -> Events:
    """Send one more chunk before `[DONE]`, made from the last one; None sends none."""
    last: Chunk = {}
    async for event in events:
        last = chunk_of(event) or last
        more = make(last) if event.is_done else None
        if more is not None:
            yield event_of(more)
        yield event


def every_object(response: RelayedResponse, edit: Edit) -> RelayedResponse:
    """Change every JSON object of a success's body, however deep it stands: blocks, items, parts, usage."""
    content = response.json
    if response.status != 200 or not isinstance(content, dict):
        return response
    _walk(content, edit)
    return response.with_json(content)


async def every_event_object(events: Events, edit: Edit) -> Events:
    """Change every JSON object of every event, however deep it stands; events keep their names."""
    async for event in events:
        content = event.json
        _walk(content, edit)
        yield event_of(content, event.event) if isinstance(content, dict) else event


async def drop_events(events: Events, *types: str) -> Events:
    """Leave out the events of these types."""
    async for event in events:
        if dig(event.json, "type") not in types:
            yield event


def text_event(text: str) -> Event:
    """An event that adds a text to the stream which is being answered, in the form of its surface."""
    request = incoming()
    if request.is_anthropic:
        delta: Chunk = {"type": "text_delta", "text": text}
        return _typed({"type": "content_block_delta", "index": 0, "delta": delta})
    if request.is_for_responses:
        place = {"item_id": "msg_own", "output_index": 0, "content_index": 0}
        return _typed({"type": "response.output_text.delta", "sequence_number": 99, **place, "delta": text})
    return event_of(_own_chunk({"content": text}, None))


def ending() -> list[Event]:
    """The events that end a stream as if it were whole, in the form of its surface."""
    request = incoming()
    if request.is_anthropic:
        reason = {"stop_reason": "end_turn", "stop_sequence": None}
        last = {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 2}}
        return [_typed(last), _typed({"type": "message_stop"})]
    if request.is_for_responses:
        whole = {"id": "resp_own", "object": "response", "created_at": 1, "model": "m", "status": "completed"}
        return [_typed({"type": "response.completed", "sequence_number": 99, "response": {**whole, "output": []}})]
    return [event_of(_own_chunk({}, "stop")), DONE]


def _typed(payload: Chunk) -> Event:
    return event_of(payload, payload["type"])


def _own_chunk(delta: Chunk, finish: str | None) -> Chunk:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "own", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def text(content: dict[str, Any], change: Callable[[str], str]) -> None:
    """Change the text of a typed object that carries some of what the model says, whole or in pieces."""
    name = _TEXTS.get(str(content.get("type")), "")
    if name and isinstance(content.get(name), str):
        content[name] = change(content[name])


_TEXTS = {
    "text": "text",
    "text_delta": "text",
    "output_text": "text",
    "response.output_text.delta": "delta",
    "response.output_text.done": "text",
}
"""Where typed objects of Messages and Responses have their text."""


def _walk(value: Any, edit: Edit) -> None:
    if isinstance(value, dict):
        edit(value)
        for one in [*value.values()]:
            _walk(one, edit)
    elif isinstance(value, list):
        for one in value:
            _walk(one, edit)


def chunk_of(event: Event) -> Chunk | None:
    """The chunk that an event carries, freshly parsed; None if it carries none."""
    content = event.json
    return content if isinstance(content, dict) and isinstance(content.get("choices"), list) else None


def text_of(payload: Any) -> str:
    """The text that an event's payload adds: of a chunk's deltas, of a block's delta, of a piece of a part."""
    texts = [dig(choice, "delta", "content") for choice in items(payload, "choices")]
    if dig(payload, "type") in ("content_block_delta", "response.output_text.delta"):
        delta = dig(payload, "delta")
        texts.append(delta if isinstance(delta, str) else dig(delta, "text"))
    return "".join(text for text in texts if isinstance(text, str))


def finishes(chunk: Chunk) -> bool:
    """Whether a chunk finishes a choice."""
    return any(dig(choice, "finish_reason") for choice in items(chunk, "choices"))


class EditsObjects(Relay):
    """Base of mutants with a fault in objects of some kind, wherever these stand in bodies and events."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        """Change the objects of a success in one piece."""
        return every_object(response, self.edit)

    def events(self, events: Events) -> Events:
        """Change the objects of a stream's events."""
        return every_event_object(events, self.edit)

    def edit(self, content: dict[str, Any]) -> None:
        """Change an object in place."""
