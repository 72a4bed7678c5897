"""Responses of a mock, which stores none of them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from itertools import count
from typing import Any

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.mock.words import STREAM_TEXT, TEXT, stream_pieces, words_in, words_of
from hopcheck_server.proxy.adapters.streams.sse import named_event
from hopcheck_server.proxy.json_text import encode


def completed_response(call: Call) -> dict[str, Any]:
    """Answer in one piece."""
    return _completed(_head(call), _item(), call, TEXT)


def response_events(call: Call) -> Iterator[bytes]:
    """Answer by a stream, in a block for each word."""
    writer = _EventWriter(_head(call), _item())
    first, *others, last = stream_pieces()
    yield writer.begin() + writer.text(first)
    yield from map(writer.text, others)
    yield writer.text(last) + writer.end(_completed(writer.head, writer.item, call, STREAM_TEXT))


class _EventWriter:
    """Writes the events of one response, with their numbers."""

    def __init__(self, head: dict[str, Any], item: dict[str, Any]) -> None:
        self.head = head
        self.item = item
        self._numbers = count()
        self._place = {"output_index": 0, "content_index": 0, "item_id": item["id"]}

    def begin(self) -> bytes:
        """Begin the response, its only item, and the text in that."""
        opened = [self._event(f"response.{kind}", response=self.head) for kind in ("created", "in_progress")]
        item = self._event("response.output_item.added", output_index=0, item=self.item)
        part = self._event("response.content_part.added", **self._place, part=_part(""))
        return b"".join([*opened, item, part])

    def text(self, text: str) -> bytes:
        """Write a piece of text."""
        return self._event("response.output_text.delta", **self._place, delta=text, logprobs=[])

    def end(self, completed: dict[str, Any]) -> bytes:
        """End all that has begun."""
        (item,) = completed["output"]
        (part,) = item["content"]
        text = self._event("response.output_text.done", **self._place, text=part["text"], logprobs=[])
        closed = self._event("response.content_part.done", **self._place, part=part)
        whole = self._event("response.output_item.done", output_index=0, item=item)
        return text + closed + whole + self._event("response.completed", response=completed)

    def _event(self, kind: str, **fields: Any) -> bytes:
        return named_event(kind, encode({"type": kind, "sequence_number": next(self._numbers), **fields}))


def _head(call: Call) -> dict[str, Any]:
    names = {"id": f"resp_{uuid.uuid4().hex}", "object": "response", "created_at": int(time.time())}
    options = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}, "store": False}
    open_ends = {"error": None, "incomplete_details": None, "instructions": None, "usage": None}
    return {**names, "status": "in_progress", "model": call.model, "output": [], **options, **open_ends}


def _item() -> dict[str, Any]:
    names = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant"}
    return {**names, "status": "in_progress", "content": []}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _completed(head: dict[str, Any], item: dict[str, Any], call: Call, text: str) -> dict[str, Any]:
    done = {**item, "status": "completed", "content": [_part(text)]}
    return {**head, "status": "completed", "output": [done], "usage": _usage(call, text)}


def _usage(call: Call, reply: str) -> dict[str, Any]:
    given = call.whole_body().get("input")
    asked = words_of(given) if isinstance(given, list) else words_in(given)
    answered = words_in(reply)
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered, **details}
