"""Makes a stream of a complete chat completion: for an upstream that answered JSON to a request for a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_server.proxy.adapters.streams.event_relay import DONE
from hopcheck_server.proxy.adapters.streams.sse import data_event
from hopcheck_server.proxy.errors import upstream_unreadable
from hopcheck_server.proxy.json_text import encode

_SHARED = ("id", "created", "model", "system_fingerprint", "service_tier")


def events_of(completion: dict[str, Any], *, wants_usage: bool) -> list[bytes]:
    """The completion as events: for each choice its message and then its finish reason; usage if asked; `[DONE]`.

    Raises:
        ProxyError: 502, if that is no chat completion.
    """
    try:
        chunks = list(_chunks(completion, wants_usage))
    except (KeyError, TypeError, AttributeError):
        raise upstream_unreadable() from None
    return [*(data_event(encode(chunk)) for chunk in chunks), DONE]


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
