"""Bodies and events of the two surfaces whose streams are typed events."""

from __future__ import annotations

import json
from typing import Any

from hopcheck_contracts.sse import Event, parse

MESSAGES, RESPONSES = "/v1/messages", "/v1/responses"

ASKED: dict[str, dict[str, Any]] = {
    MESSAGES: {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]},
    RESPONSES: {"model": "m", "input": "hi"},
}
ANSWER: dict[str, dict[str, Any]] = {
    MESSAGES: {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn"},
    RESPONSES: {"id": "resp_1", "object": "response", "status": "completed", "error": None, "output": []},
}


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


EVENTS = {
    MESSAGES: (
        event("message_start", message={"id": "msg_1"}),
        event("ping"),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"}),
        event("message_delta", delta={"stop_reason": "end_turn"}),
        event("message_stop"),
    ),
    RESPONSES: (
        event("response.created", response={"id": "resp_1"}, sequence_number=0),
        event("response.output_text.delta", delta="Hello", sequence_number=1),
        event("response.completed", response={"id": "resp_1"}, sequence_number=2),
    ),
}


def events_of(body: bytes) -> list[Event]:
    """The events of a stream that have data."""
    return [one for one in parse(body) if one.data is not None]


def streamed(path: str) -> dict[str, Any]:
    return {**ASKED[path], "stream": True}
