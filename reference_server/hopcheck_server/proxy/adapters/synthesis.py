"""Makes a stream of a complete chat completion: for an upstream that answered JSON to a request for a stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from .event_relay import DONE
from .sse import data_event

_SHARED = ("id", "created", "model", "system_fingerprint", "service_tier")


async def events_of(completion: dict[str, Any], *, wants_usage: bool) -> AsyncIterator[bytes]:
    """The completion as events: for each choice its message and then its finish reason; usage if asked; `[DONE]`."""
    for chunk in _chunks(completion, wants_usage):
        yield data_event(json.dumps(chunk, ensure_ascii=False, separators=(",", ":")).encode())
    yield DONE


def _chunks(completion: dict[str, Any], wants_usage: bool) -> Iterator[dict[str, Any]]:
    shared = {name: completion[name] for name in _SHARED if name in completion}
    head = {**shared, "object": "chat.completion.chunk"}
    for choice in completion["choices"]:
        for delta, finish in ((_delta(choice["message"]), None), ({}, choice["finish_reason"])):
            yield {**head, "choices": [{"index": choice["index"], "delta": delta, "finish_reason": finish}]}
    if wants_usage and "usage" in completion:
        yield {**head, "choices": [], "usage": completion["usage"]}


def _delta(message: dict[str, Any]) -> dict[str, Any]:
    """A message as one delta; in a stream, tool calls are told apart by their index."""
    calls = message.get("tool_calls")
    if not calls:
        return message
    return {**message, "tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]}
