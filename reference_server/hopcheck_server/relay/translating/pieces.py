"""The pieces of a provider's response, of which chat completions and their chunks are made alike."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hopcheck_server.relay import errors

Json = dict[str, Any]

JOINED = ("content", "reasoning_content", "refusal")
"""The texts of a delta, which are joined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a response, in OpenAI's words.

    Attributes:
        id: The response's id, as the provider has it.
        index: The choice that it belongs to.
        delta: What it adds to the choice's message; calls are numbered.
        finish: Why the choice ends.
        usage: What the response used up to here.
        error: OpenAI's error object, in the place of the rest.
        is_last: Whether the response is over.
    """

    id: str = ""
    index: int = 0
    delta: Json = field(default_factory=dict)
    finish: str | None = None
    usage: Json | None = None
    error: Json | None = None
    is_last: bool = False


def completion(pieces: Iterable[Piece], model: str) -> Json:
    """The chat completion, or the error, that all pieces of a response add up to."""
    messages: dict[int, Json] = {}
    ends: dict[int, str | None] = {}
    head: Json = {}
    for piece in pieces:
        if piece.error is not None:
            return piece.error
        head |= identity(piece.id, "chat.completion", model) if piece.id else {}
        head |= {"usage": piece.usage} if piece.usage else {}
        if piece.delta or piece.finish:
            _add(messages.setdefault(piece.index, {"role": "assistant", "content": None, "refusal": None}), piece.delta)
            ends[piece.index] = piece.finish or ends.get(piece.index)
    choices = [_choice(index, message, ends[index]) for index, message in sorted(messages.items())]
    return {**head, "choices": choices}


def _choice(index: int, message: Json, finish: str | None) -> Json:
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}


def _add(message: Json, delta: Mapping[str, Any]) -> None:
    for name, value in delta.items():
        if name in JOINED:
            message[name] = (message.get(name) or "") + value
        elif name == "tool_calls":
            message.setdefault(name, []).extend(
                {key: one for key, one in call.items() if key != "index"} for call in value
            )
        elif name == "thinking_blocks":
            message.setdefault(name, []).extend(value)


def _without_index(call: Json) -> Json:
    return {name: value for name, value in call.items() if name != "index"}


def identity(response_id: str, kind: str, model: str) -> Json:
    """The fields that a completion and its chunks begin with."""
    return {"id": f"chatcmpl-{response_id}", "object": kind, "created": int(time.time()), "model": model}


class ChunkWriter:
    """Writes one stream.

    Attributes:
        is_over: Whether the response is.
    """

    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._model = model
        self._include_usage = include_usage
        self._identity: Json = {}
        self._usage: Json | None = None
        self._open: set[int] = set()
        self._finished: set[int] = set()
        self.is_over = False

    @property
    def is_whole(self) -> bool:
        """Whether every choice that has begun has ended."""
        return bool(self._finished) and self._open <= self._finished

    def chunks(self, pieces: Iterable[Piece]) -> Iterator[Json]:
        """The chunks that some pieces become; a choice's first one has the role."""
        for piece in pieces:
            if piece.error is not None:
                yield piece.error
                return
            if piece.id and not self._identity:
                self._identity = identity(piece.id, "chat.completion.chunk", self._model)
            self._usage = piece.usage or self._usage
            self.is_over = self.is_over or piece.is_last
            if piece.delta or piece.finish:
                yield self._chunk(piece)

    def _chunk(self, piece: Piece) -> Json:
        role = {} if piece.index in self._open else {"role": "assistant", "content": ""}
        self._open.add(piece.index)
        if piece.finish:
            self._finished.add(piece.index)
        choice = {"index": piece.index, "delta": {**role, **piece.delta}, "finish_reason": piece.finish}
        usage = {"usage": None} if self._include_usage else {}
        return {**self._identity, "choices": [choice], **usage}

    def ending(self) -> Iterator[Json]:
        """The chunk with the usage, if that was asked for."""
        if self._include_usage and self._usage is not None:
            yield {**self._identity, "choices": [], "usage": self._usage}


def error(body: Json, status: int) -> Json:
    """OpenAI's error object, of an object or a text; empty where the body has no error."""
    given = body.get("error")
    if isinstance(given, str):
        return errors.error_body(given, status)
    if not isinstance(given, dict):
        return {}
    shaped: Json = errors.error_body(str(given.get("message")), status)
    kind = given.get("type")
    return {"error": {**shaped["error"], "type": kind if isinstance(kind, str) else shaped["error"]["type"]}}


def usage(prompt: int, output: int, *, cached: int = 0, reasoning: int = 0) -> Json:
    """OpenAI's usage, whose prompt has the cached tokens, too, and whose output the reasoning."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": cached},
        **({"completion_tokens_details": {"reasoning_tokens": reasoning}} if reasoning else {}),
    }


def call(index: int, call_id: str, name: str, arguments: str) -> Json:
    """A call, or its beginning."""
    return {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
