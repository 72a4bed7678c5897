"""Changes to streams and their events, and events of a mutant's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck.authoring.edits.body_edits import Edit, text, walk
from hopcheck.client import dig, items
from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay import Events, incoming

Chunk = dict[str, Any]
"""The JSON object of a stream's event."""


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


async def every_event_object(events: Events, edit: Edit) -> Events:
    """Change every JSON object of every event, however deep it stands; events keep their names."""
    async for event in events:
        content = event.json
        walk(content, edit)
        yield event_of(content, event.event) if isinstance(content, dict) else event


async def drop_events(events: Events, *types: str) -> Events:
    """Leave out the events of these types."""
    async for event in events:
        if dig(event.json, "type") not in types:
            yield event


async def end_before(events: Events, ends: Callable[[Event], object]) -> Events:
    """End a stream as if it were whole where the first event comes for which `ends` is true."""
    async for event in events:
        if ends(event):
            for last in ending():
                yield last
            return
        yield event


async def repeat_texts(events: Events) -> Events:
    """Send every event that adds to the text twice."""
    async for event in events:
        yield event
        if text_of(event.json):
            yield event


async def join_texts(events: Events) -> Events:
    """Send what consecutive events add to the text in the place of the last of them; for streams of typed events."""
    held: Event | None = None
    async for event in events:
        if piece := text_of(event.json):
            held = _with_text(event, (text_of(held.json) if held else "") + piece)
            continue
        if held is not None:
            yield held
            held = None
        yield event


def _with_text(event: Event, whole: str) -> Event:
    content = event.json
    walk(content, lambda one: text(one, lambda _: whole))
    return event_of(content, event.event)


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
