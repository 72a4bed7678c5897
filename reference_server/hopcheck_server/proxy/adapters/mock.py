"""Mock mode: responses in the full wire format, without an upstream."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import struct
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream, BaseLLMAdapter, Call
from hopcheck_server.proxy.adapters.model_list import LLMModel, llm_models_response
from hopcheck_server.proxy.adapters.streams.event_relay import DONE
from hopcheck_server.proxy.adapters.streams.sse import data_event
from hopcheck_server.proxy.errors import bad_request, model_not_found
from hopcheck_server.proxy.settings import Settings

TEXT = "Mock LLM response"
STREAM_TEXT = "Mock LLM streaming response"
DIMENSIONS = 8
MAX_NUMBERS = 1_000_000
"""In all vectors of a response, so that no request can exhaust the memory."""
CREATED = 1_700_000_000
"""The models' creation time, which must not be the time of the request."""


class MockAdapter(BaseLLMAdapter):
    """Answers requests for any model with the same words, in a stream one word at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def chat(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer with fixed words and a count of the words in the request as usage."""
        head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": call.model}
        if call.streams:
            return AdapterStream(self._events(head, call), _nothing_to_close)
        choice = {"index": 0, "message": _message(TEXT), "logprobs": None, "finish_reason": "stop"}
        body = {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(call, TEXT)}
        return AdapterResponse(_encode(body))

    async def _events(self, head: dict[str, Any], call: Call) -> AsyncIterator[bytes]:
        usage: dict[str, Any] = {"usage": None} if call.wants_usage else {}
        chunk = {**head, "object": "chat.completion.chunk", **usage}
        yield _chunk(chunk, {"role": "assistant", "content": "", "refusal": None})
        for number, word in enumerate(STREAM_TEXT.split(" ")):
            if number:
                # The pause makes it look like a real stream.
                await asyncio.sleep(self._settings.mock_delay_s)
            yield _chunk(chunk, {"content": f" {word}" if number else word})
        yield _chunk(chunk, {}, "stop")
        if call.wants_usage:
            yield data_event(_encode({**chunk, "choices": [], "usage": _usage(call, STREAM_TEXT)}))
        yield DONE

    async def embeddings(self, call: Call) -> AdapterResponse:
        """Answer each input with a vector that depends on it alone."""
        inputs = _inputs(call.body["input"])
        as_text = call.body.get("encoding_format") == "base64"
        size = _dimensions(call.body.get("dimensions"), len(inputs))
        data = [
            {"object": "embedding", "index": index, "embedding": _embedding(item, size, as_text)}
            for index, item in enumerate(inputs)
        ]
        tokens = sum(_words(item) for item in inputs)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return AdapterResponse(_encode({"object": "list", "data": data, "model": call.model, "usage": usage}))

    async def models(self, key: str | None = None) -> AdapterResponse:
        """List the default models."""
        return AdapterResponse(_encode({"object": "list", "data": [_entry(name) for name in self._names()]}))

    async def model(self, model_id: str, key: str | None = None) -> AdapterResponse:
        """Return one of the default models."""
        if model_id not in self._names():
            raise model_not_found(model_id)
        return AdapterResponse(_encode(_entry(model_id)))

    async def llm_models(self, key: str | None = None) -> AdapterResponse:
        """List the default models; a mock has no context length."""
        names = self._names()
        return llm_models_response(
            LLMModel(id=name, name=name, provider="mock", context_length=None, is_available=True) for name in names
        )

    async def check_ready(self) -> None:
        """Return: a mock is always ready."""

    def _names(self) -> list[str]:
        names = (self._settings.default_model, self._settings.default_embedding_model)
        return [name for name in names if name]


async def _nothing_to_close() -> None:
    return


def _encode(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _message(content: str) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "refusal": None, "annotations": []}


def _chunk(head: dict[str, Any], delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data_event(_encode({**head, "choices": [choice]}))


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "mock"}


def _usage(call: Call, reply: str) -> dict[str, int]:
    prompt = sum(_words(message.get("content")) for message in call.body["messages"])
    completion = _words(reply)
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _words(value: Any) -> int:
    """Count words of a text, or parts of a list, as tokens."""
    if isinstance(value, str):
        return len(value.split())
    return len(value) if isinstance(value, list) else 0


def _dimensions(value: Any, vectors: int) -> int:
    """Return the length of each vector."""
    if value is None:
        return DIMENSIONS
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if not is_whole or not 0 < value <= MAX_NUMBERS // vectors:
        mistake = f"'dimensions' must be an integer from 1 to {MAX_NUMBERS // vectors} here."
        raise bad_request(mistake, "dimensions", "invalid_value")
    return int(value)


def _inputs(value: Any) -> list[Any]:
    """List the inputs of an embeddings request; a list of integers is one input."""
    return [value] if isinstance(value, str) or isinstance(value[0], int) else list(value)


def _embedding(item: Any, size: int, as_text: bool) -> list[float] | str:
    """Derive a vector from the input's digest, with values between -1 and 1 that a float32 holds exactly."""
    digest = hashlib.shake_256(json.dumps(item).encode()).digest(size)
    vector = [(byte - 128) / 128 for byte in digest]
    return base64.b64encode(struct.pack(f"<{size}f", *vector)).decode() if as_text else vector
