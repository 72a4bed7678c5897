"""Changes to streams, for mutants. What an edit isn't about (`[DONE]`, comments, errors) stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hopcheck.client import dig, items
from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay import Events

Chunk = dict[str, Any]


def chunk_of(event: Event) -> Chunk | None:
    """The chat chunk that an event carries, freshly parsed; None if it carries none."""
    payload = event.json
    return payload if isinstance(payload, dict) and isinstance(payload.get("choices"), list) else None


async def edit_chunks(events: Events, edit: Callable[[Chunk], object]) -> Events:
    """Change every chat chunk in place."""
    async for event in events:
        chunk = chunk_of(event)
        if chunk is None:
            yield event
        else:
            edit(chunk)
            yield event_of(chunk)


def edit_chunk_choices(events: Events, edit: Callable[[Chunk], object]) -> Events:
    """Change every choice of every chat chunk in place."""
    return edit_chunks(events, lambda chunk: [edit(choice) for choice in chunk["choices"]])


async def drop_chunks(events: Events, unwanted: Callable[[Chunk], object]) -> Events:
    """Leave out the chat chunks of which something is true."""
    async for event in events:
        chunk = chunk_of(event)
        if chunk is None or not unwanted(chunk):
            yield event


async def add_before_done(events: Events, make: Callable[[Chunk], Chunk | None]) -> Events:
    """Send one chunk more before `[DONE]`, made from the last one; None sends none."""
    last: Chunk = {}
    async for event in events:
        last = chunk_of(event) or last
        more = make(last) if event.is_done else None
        if more is not None:
            yield event_of(more)
        yield event


def text_of(chunk: Chunk) -> str:
    """The content that a chunk brings, of all its choices."""
    said = (dig(choice, "delta", "content") for choice in items(chunk, "choices"))
    return "".join(text for text in said if isinstance(text, str))


def finishes(chunk: Chunk) -> bool:
    """Whether a chunk finishes a choice."""
    return any(dig(choice, "finish_reason") for choice in items(chunk, "choices"))
