"""The shapes of the API's answers: each function takes a JSON value and returns what is wrong with it, in words.

Strict about required fields and about types; silent about fields beyond those. An optional field may be null or
absent. What a stream must say in which order, and what a value must be equal to, is for cases to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

Complaints = list[str]
"""What is wrong, as `<where>: expected <what>, not <what was there>`; empty where nothing is."""

Shape = Callable[[Any, str], Iterator[str]]
"""Takes a value and where it stands, yields complaints."""

MOST = 8
"""So many complaints are told of one value; the rest would say the same of other items."""

FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")


def chat_completion(body: Any) -> Complaints:
    """A chat answer in one piece."""
    return _complaints(_CHAT_COMPLETION, body)


def chat_chunk(piece: Any) -> Complaints:
    """One event of a chat stream. `finish_reason` may be absent where it would be null."""
    return _complaints(_CHAT_CHUNK, piece)


def error(body: Any) -> Complaints:
    """An error body, or an in-band error of a stream."""
    return _complaints(_ERROR, body)


def model(body: Any) -> Complaints:
    """One model."""
    return _complaints(_MODEL, body)


def model_list(body: Any) -> Complaints:
    """The list of models."""
    return _complaints(_MODEL_LIST, body)


def llm_models(body: Any) -> Complaints:
    """The list of models as LLM-Proxy's own API has it."""
    return _complaints(_LLM_MODELS, body)


def embeddings(body: Any) -> Complaints:
    """An embeddings answer; each embedding is a list of numbers or a base64 text."""
    return _complaints(_EMBEDDINGS, body)


def _complaints(shape: Shape, value: Any) -> Complaints:
    return list(islice(shape(value, ""), MOST))


def _wrong(where: str, wanted: str, value: Any) -> str:
    said = repr(value)
    return f"{where or 'the body'}: expected {wanted}, not {said if len(said) <= 80 else said[:77] + '...'}"


def _of(wanted: str, holds: Callable[[Any], bool]) -> Shape:
    """A value for which something holds."""

    def check(value: Any, where: str) -> Iterator[str]:
        if not holds(value):
            yield _wrong(where, wanted, value)

    return check


def _just(*values: str) -> Shape:
    return _of(" or ".join(map(repr, values)), lambda value: isinstance(value, str) and value in values)


def _nullable(shape: Shape) -> Shape:
    def check(value: Any, where: str) -> Iterator[str]:
        if value is not None:
            yield from shape(value, where)

    return check


def _array(item: Shape) -> Shape:
    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _wrong(where, "an array", value)
            return
        for index, one in enumerate(value):
            yield from item(one, f"{where}[{index}]")

    return check


def _either(wanted: str, by_type: Mapping[type, Shape]) -> Shape:
    """Choose the shape by the value's type."""

    def check(value: Any, where: str) -> Iterator[str]:
        shape = by_type.get(type(value))
        if shape is None:
            yield _wrong(where, wanted, value)
        else:
            yield from shape(value, where)

    return check


def _object(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object; the optional fields may be null or absent."""
    shapes = {**required, **{name: _nullable(shape) for name, shape in (optional or {}).items()}}

    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield _wrong(where, "an object", value)
            return
        for name, shape in shapes.items():
            at = f"{where}.{name}" if where else name
            if name in value:
                yield from shape(value[name], at)
            elif name in required:
                yield f"{at}: is missing"

    return check


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_text = _of("a text", lambda value: isinstance(value, str))
_name = _of("a text that isn't empty", lambda value: isinstance(value, str) and value != "")
_count = _of("an integer from 0", lambda value: _is_integer(value) and value >= 0)
_number = _of("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool))
_truth = _of("true or false", lambda value: isinstance(value, bool))
_any_object = _of("an object", lambda value: isinstance(value, dict))

_USAGE = _object(
    {"prompt_tokens": _count, "completion_tokens": _count, "total_tokens": _count},
    {"prompt_tokens_details": _any_object, "completion_tokens_details": _any_object},
)
_LOGPROB = _object({"token": _text, "logprob": _number}, {"bytes": _array(_count)})
_LOGPROBS = _object({}, {"content": _array(_LOGPROB), "refusal": _array(_LOGPROB)})

_TOOL_CALL = _object(
    {"id": _name, "type": _just("function", "custom")},
    {"function": _object({"name": _name, "arguments": _text})},
)
_MESSAGE = _object(
    {"role": _just("assistant"), "content": _nullable(_text)},
    {"tool_calls": _array(_TOOL_CALL), "refusal": _text},
)
_CHOICE = _object(
    {"index": _count, "message": _MESSAGE, "finish_reason": _just(*FINISH_REASONS)}, {"logprobs": _LOGPROBS}
)
_CHAT_COMPLETION = _object(
    {
        "id": _name,
        "object": _just("chat.completion"),
        "created": _count,
        "model": _name,
        "choices": _array(_CHOICE),
    },
    {"usage": _USAGE},
)

_TOOL_CALL_DELTA = _object(
    {"index": _count},
    {"id": _text, "type": _text, "function": _object({}, {"name": _text, "arguments": _text})},
)
_DELTA = _object({}, {"role": _just("assistant"), "content": _text, "tool_calls": _array(_TOOL_CALL_DELTA)})
_CHUNK_CHOICE = _object(
    {"index": _count, "delta": _DELTA}, {"finish_reason": _just(*FINISH_REASONS), "logprobs": _LOGPROBS}
)
_CHAT_CHUNK = _object(
    {
        "id": _name,
        "object": _just("chat.completion.chunk"),
        "created": _count,
        "model": _name,
        "choices": _array(_CHUNK_CHOICE),
    },
    {"usage": _USAGE},
)

_ERROR = _object({"error": _object({"message": _name, "type": _name}, {"param": _text, "code": _text})})

_MODEL = _object({"id": _name, "object": _just("model"), "created": _count, "owned_by": _text})
_MODEL_LIST = _object({"object": _just("list"), "data": _array(_MODEL)})
_LLM_MODELS = _array(
    _object({"id": _name, "name": _name, "provider": _text, "is_available": _truth}, {"context_length": _count})
)

_EMBEDDING = _object(
    {
        "object": _just("embedding"),
        "index": _count,
        "embedding": _either("an array of numbers or a base64 text", {list: _array(_number), str: _name}),
    }
)
_EMBEDDINGS = _object(
    {
        "object": _just("list"),
        "data": _array(_EMBEDDING),
        "model": _name,
        "usage": _object({"prompt_tokens": _count, "total_tokens": _count}),
    }
)
