"""Chat completions of OpenAI's API, as one JSON body or as chunks.

An answer's identity (id, object, created, model) differs with each attempt, the rest only with the script: so the rest
is rendered once, as pieces that an identity is put in front of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from types import MappingProxyType
from typing import Any, NamedTuple

from hopcheck_contracts.sse import DONE_DATA
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.openai_chat.requests import error_body
from hopcheck_server.upstream.dialects.request import Shape
from hopcheck_server.upstream.dialects.template import stamped
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Choice, Completion, ToolCall, Turn

IDENTITY = ("id", "object", "created", "model")


ChatPiece = tuple[bytes, Json | None, bytes]
"""One event of a stream, or a whole body: the bytes before its identity, and those after it. Between them stands what
of the identity the script gives itself; None if the piece has no identity, and is complete in the last bytes."""


class ChatStyle(NamedTuple):
    """Where servers of OpenAI's chat completions differ.

    Attributes:
        reasoning_field: What the field of reasoning texts is called.
        ending_fields: Further fields of a choice that ends.
        error_body: What a stream that fails ends with.
        ends_failures: Whether `[DONE]` follows that.
    """

    reasoning_field: str = "reasoning_content"
    ending_fields: Mapping[str, Any] = MappingProxyType({})
    error_body: Callable[[ErrorStory], Json] = error_body
    ends_failures: bool = False


_FINISHES = {"context_exceeded": "length", "refused": "content_filter"}


def pieces(turn: Turn, shape: Shape, style: ChatStyle) -> list[ChatPiece]:
    """Render what a turn says, all but the identity."""
    if turn.events is not None:
        return list(_events(turn.events, turn, turn.delivery.done))
    assert turn.completion is not None
    completion = stamped(turn.completion, stream=shape.stream) if turn.delivery.stamps else turn.completion
    if shape.stream:
        done = turn.delivery.done if completion.failure is None or style.ends_failures else 0
        return list(_events(_chunks(completion, shape, style), turn, done))
    return [_piece("", _body(completion, style), "")]


def _events(items: Iterable[Json | str], turn: Turn, done: int) -> Iterator[ChatPiece]:
    end = turn.delivery.line_end * 2
    for item in items:
        if isinstance(item, str):
            yield b"", None, item.encode()
        elif "error" in item and "choices" not in item:  # an error isn't a chunk: it has no identity
            yield b"", None, f"data: {compact(item)}{end}".encode()
        else:
            yield _piece("data: ", item, end)
    for _ in range(done):
        yield b"", None, f"data: {DONE_DATA}{end}".encode()


def _piece(before: str, value: Json, after: str) -> ChatPiece:
    own = {name: value[name] for name in IDENTITY if name in value}
    rest = compact({name: item for name, item in value.items() if name not in own})
    tail = rest[1:] if rest == "{}" else "," + rest[1:]
    return before.encode(), own, (tail + after).encode()


def _body(completion: Completion, style: ChatStyle) -> Json:
    usage = {} if completion.usage is None else {"usage": completion.usage}
    choices = [_choice(index, choice, style) for index, choice in enumerate(completion.choices)]
    return {"choices": choices, **usage, **completion.extra}


def _choice(index: int, choice: Choice, style: ChatStyle) -> Json:
    content = "".join(choice.text) if choice.text else None
    reasoning = {style.reasoning_field: "".join(choice.reasoning)} if choice.reasoning else {}
    message: Json = {"role": "assistant", "content": content, "refusal": None, **reasoning, **choice.message}
    if choice.tool_calls:
        message["tool_calls"] = [_call(call) for call in choice.tool_calls]
    logprobs = {"content": list(choice.logprobs), "refusal": None} if choice.logprobs else None
    ending = {"finish_reason": _finish(choice), **style.ending_fields}
    return {"index": index, "message": message, "logprobs": logprobs, **ending}


def _finish(choice: Choice) -> str:
    return _FINISHES.get(choice.finish, choice.finish)


def _call(call: ToolCall) -> Json:
    function = {"name": call.name, "arguments": "".join(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _chunks(completion: Completion, shape: Shape, style: ChatStyle) -> Iterator[Json]:
    """The chunks of a stream, without identities."""
    if completion.failure is not None:
        content = replace(completion, failure=None, usage=None)
        yield from list(_chunks(content, shape, style))[: -len(completion.choices)]
        yield style.error_body(completion.failure)
        return
    usage = completion.usage if shape.include_usage else None
    on_finish = completion.usage_on_last_content
    deltas = [_deltas(index, choice, completion.interleave, style) for index, choice in enumerate(completion.choices)]
    ordered = list(_ordered(deltas, completion.interleave))
    for place, choice in enumerate(ordered):
        chunk: Json = {"choices": [choice]}
        if usage is not None:
            chunk["usage"] = usage if on_finish and place == len(ordered) - 1 else None
        yield {**chunk, **completion.extra}
    if usage is not None and not on_finish:
        yield {"choices": [], "usage": usage, **completion.extra}


def _ordered(lists: Sequence[Sequence[Json]], interleave: bool) -> Iterator[Json]:
    """One list after the other, or the first of each, then the second of each."""
    if not interleave:
        return chain.from_iterable(lists)
    return (item for row in zip_longest(*lists) for item in row if item is not None)


def _deltas(index: int, choice: Choice, interleave: bool, style: ChatStyle) -> list[Json]:
    """One choice's part of a stream, in order: role, reasoning, further fields, text, calls, finish."""

    def one(delta: Json, finish: str | None = None) -> Json:
        return {"index": index, "delta": delta, "finish_reason": finish}

    text = [one({"content": piece}) for piece in choice.text]
    for chunk, entry in zip(text, choice.logprobs, strict=False):
        chunk["logprobs"] = {"content": [entry], "refusal": None}
    calls = [_call_deltas(place, call) for place, call in enumerate(choice.tool_calls)]
    return [
        one({"role": "assistant", "content": "" if choice.text else None}),
        *(one({style.reasoning_field: piece}) for piece in choice.reasoning),
        *(one({name: value}) for name, value in choice.message.items()),
        *text,
        *(one({"tool_calls": [delta]}) for delta in _ordered(calls, interleave)),
        {**one({}, _finish(choice)), **style.ending_fields},
    ]


def _call_deltas(index: int, call: ToolCall) -> list[Json]:
    first = {"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    return [first, *({"index": index, "function": {"arguments": piece}} for piece in call.arguments)]
