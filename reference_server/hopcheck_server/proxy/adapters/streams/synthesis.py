"""Turns a complete chat completion into a stream, for an upstream that answered a stream request with JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_server.proxy.adapters.streams.chat_relay import DONE
from hopcheck_server.proxy.adapters.streams.sse import data_event
from hopcheck_server.proxy.errors import upstream_unreadable
from hopcheck_server.proxy.json_text import encode

_SHARED = ("id", "created", "model", "system_fingerprint", "service_tier")


def events_of(completion: dict[str, Any], *, wants_usage: bool) -> list[bytes]:
    """Return the completion as events: each choice's message and finish reason, usage if asked for, `[DONE]`.

    Raises:
        ProxyError: 502, if it isn't a chat completion.
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
    """Turn a message into one delta; in a stream, tool calls have an index."""
    calls = message.get("tool_calls")
    if not calls:
        return message
    return {**message, "tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]}
