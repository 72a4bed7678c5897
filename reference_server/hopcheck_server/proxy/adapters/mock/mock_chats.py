"""Chat completions of a mock."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.mock.words import STREAM_TEXT, TEXT, stream_pieces, words_in, words_of
from hopcheck_server.proxy.adapters.streams.chat_relay import DONE
from hopcheck_server.proxy.adapters.streams.sse import data_event
from hopcheck_server.proxy.json_text import encode


def completion(call: Call) -> dict[str, Any]:
    """Answer in one piece."""
    message: dict[str, Any] = {"role": "assistant", "content": TEXT, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head(call), "object": "chat.completion", "choices": [choice], "usage": _usage(call, TEXT)}


def chunks(call: Call) -> Iterator[bytes]:
    """Answer by a stream, in a block for each word."""
    usage: dict[str, Any] = {"usage": None} if call.wants_usage else {}
    head = {**_head(call), "object": "chat.completion.chunk", **usage}
    first, *others, last = stream_pieces()
    yield _chunk(head, {"role": "assistant", "content": "", "refusal": None}) + _chunk(head, {"content": first})
    yield from (_chunk(head, {"content": piece}) for piece in others)
    counted = {**head, "choices": [], "usage": _usage(call, STREAM_TEXT)}
    end = data_event(encode(counted)) if call.wants_usage else b""
    yield _chunk(head, {"content": last}) + _chunk(head, {}, "stop") + end + DONE


def _head(call: Call) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": call.model}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data_event(encode({**head, "choices": [choice]}))


def _usage(call: Call, reply: str) -> dict[str, int]:
    prompt, answer = words_of(call.whole_body()["messages"]), words_in(reply)
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
