"""What Ollama answers: a body, or the lines of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.template import MODEL, TIME
from hopcheck_server.upstream.script.turns import Choice, Completion, ToolCall
from hopcheck_server.upstream.script.usage import Usage

FINISHES = {"stop": "stop", "tool_calls": "stop", "length": "length", "context_exceeded": "length"}
"""What `done_reason` says, by a story's finish reasons."""

_DURATIONS = {"total_duration": 5_000_000_000, "load_duration": 1_000_000}
"""Nanoseconds."""


def body(completion: Completion) -> Json:
    """The answer in one piece."""
    choice = completion.choices[0]
    message: Json = {"role": "assistant", "content": "".join(choice.text)}
    if choice.reasoning:
        message["thinking"] = "".join(choice.reasoning)
    if choice.tool_calls:
        message["tool_calls"] = [_call(index, call) for index, call in enumerate(choice.tool_calls)]
    return _line(message, _ending(completion))


def lines(completion: Completion) -> Iterator[Json]:
    """The answer as a stream: pieces of thinking and text, each call whole, and the counts; or an error instead."""
    yield from (_line({"role": "assistant", **piece}, {"done": False}) for piece in _pieces(completion.choices[0]))
    if completion.failure is not None:
        yield {"error": str(completion.failure.message)}
    else:
        yield _line({"role": "assistant", "content": ""}, _ending(completion))


def _pieces(choice: Choice) -> Iterator[Json]:
    yield from ({"content": "", "thinking": piece} for piece in choice.reasoning)
    yield from ({"content": piece} for piece in choice.text)
    yield from ({"content": "", "tool_calls": [_call(index, call)]} for index, call in enumerate(choice.tool_calls))


def _line(message: Json, ending: Json) -> Json:
    return {"model": MODEL, "created_at": TIME, "message": message, **ending}


def _call(index: int, call: ToolCall) -> Json:
    return {"id": call.id, "function": {"index": index, "name": call.name, "arguments": parsed_arguments(call)}}


def _ending(completion: Completion) -> Json:
    reason = FINISHES[completion.choices[0].finish]
    return {"done": True, "done_reason": reason, **_DURATIONS, **_counts(completion)}


def _counts(completion: Completion) -> Json:
    """What the request cost: tokens of the prompt with the cached ones, and of the answer with those of thinking."""
    if completion.usage is None:
        return {}
    used = Usage.read(completion.usage)
    return {
        "prompt_eval_count": used.all_input,
        "prompt_eval_duration": 100_000_000,
        "eval_count": used.output,
        "eval_duration": 400_000_000,
    }
