"""Changes to requests, responses and streams, for mutants: an edit is given a JSON object, and changes it in place.

Whatever an edit isn't about (errors, model lists, `[DONE]`, comments) passes unchanged, to the byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck.client import dig, items
from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay import Events, OutgoingRequest, RelayedResponse

Chunk = dict[str, Any]
"""The JSON object of a stream's event."""

Edit = Callable[[dict[str, Any]], object]
"""Changes an object in place; its result is ignored."""


def request_field(outgoing: OutgoingRequest, name: str, change: Callable[[Any], Any]) -> OutgoingRequest:
    """Replace the value of a field of a request that has it with what `change` makes of it."""
    content = outgoing.json
    return outgoing.with_json({**content, name: change(content[name])}) if name in content else outgoing


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


def chunk_of(event: Event) -> Chunk | None:
    """The chunk that an event carries, freshly parsed; None if it carries none."""
    content = event.json
    return content if isinstance(content, dict) and isinstance(content.get("choices"), list) else None


def text_of(chunk: Chunk) -> str:
    """The text of a chunk's deltas."""
    texts = (dig(choice, "delta", "content") for choice in items(chunk, "choices"))
    return "".join(text for text in texts if isinstance(text, str))


def finishes(chunk: Chunk) -> bool:
    """Whether a chunk finishes a choice."""
    return any(dig(choice, "finish_reason") for choice in items(chunk, "choices"))
