"""The pieces of tool calls in a stream, read and changed. Holds no case."""

from collections.abc import Callable
from typing import Any

from hopcheck import Event, Stream, edits, items


def parts(stream: Stream) -> list[Any]:
    """Every piece of a tool call in the first choice, as the client got it."""
    return [part for delta in stream.deltas() for part in items(delta, "tool_calls")]


def edit_parts(event: Event, edit: Callable[[dict[str, Any]], object]) -> Event:
    """Change every piece of a tool call in an event; other events stay as they were."""
    if not items(event.json, "choices", 0, "delta", "tool_calls"):
        return event
    return edits.deltas(event, lambda delta: [edit(part) for part in delta["tool_calls"]])
