"""Messages of a mock, and counts of their tokens."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.mock.words import STREAM_TEXT, TEXT, stream_pieces, words_in, words_of
from hopcheck_server.proxy.adapters.streams.sse import named_event
from hopcheck_server.proxy.json_text import encode


def token_count(call: Call) -> dict[str, Any]:
    """Count the words of a request."""
    return {"input_tokens": words_of(call.whole_body()["messages"])}


def message(call: Call) -> dict[str, Any]:
    """Answer in one piece."""
    ended = {"stop_reason": "end_turn", "usage": _usage(call, words_in(TEXT))}
    return {**_head(call), "content": [{"type": "text", "text": TEXT}], **ended}


def message_events(call: Call) -> Iterator[bytes]:
    """Answer by a stream, in a block for each word."""
    first, *others, last = stream_pieces()
    start = _event("message_start", message=_head(call))
    block = {"type": "text", "text": ""}
    yield start + _event("content_block_start", index=0, content_block=block) + _text(first)
    yield from map(_text, others)
    delta = {"stop_reason": "end_turn", "stop_sequence": None}
    ended = _event("message_delta", delta=delta, usage=_usage(call, words_in(STREAM_TEXT)))
    yield _text(last) + _event("content_block_stop", index=0) + ended + _event("message_stop")


def _text(text: str) -> bytes:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


def _event(kind: str, **fields: Any) -> bytes:
    return named_event(kind, encode({"type": kind, **fields}))


def _head(call: Call) -> dict[str, Any]:
    empty: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": _usage(call, 0)}
    return {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant", "model": call.model, **empty}


def _usage(call: Call, answered: int) -> dict[str, int]:
    return {"input_tokens": words_of(call.whole_body()["messages"]), "output_tokens": answered}
