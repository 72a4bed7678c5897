"""Responses of OpenAI's Responses API: one JSON object, or the typed events that add up to it."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.openai_responses.items import Named, item_events, items_of
from hopcheck_server.upstream.dialects.template import CREATED, MODEL, TAG
from hopcheck_server.upstream.script.error_story import ErrorClass, ErrorStory
from hopcheck_server.upstream.script.turns import Completion, Delivery
from hopcheck_server.upstream.script.usage import Usage

INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why a response is incomplete, by a story's endings."""

COMPLETE = frozenset({"stop", "tool_calls", "refused"})
"""The endings of complete responses."""

_CODES = {ErrorClass.RATE_LIMITED: "rate_limit_exceeded", ErrorClass.INVALID: "invalid_prompt"}

_NUMBER = '"{hopcheck-created}"'
"""The time stands in the JSON as a text, and has to be a number."""


def whole(completion: Completion) -> str:
    """The whole response, as JSON."""
    return _written(_final(completion))


def events(completion: Completion, delivery: Delivery) -> Iterator[str]:
    """The stream's events, in order."""
    for number, (name, fields) in enumerate(_events(completion, delivery.done)):
        data = _written({"type": f"response.{name}", "sequence_number": number, **fields})
        yield f"event: response.{name}{delivery.line_end}data: {data}{delivery.line_end * 2}"


def _events(completion: Completion, ends: int) -> Iterator[Named]:
    begun = _response("in_progress", [])
    yield "created", {"response": begun}
    yield "in_progress", {"response": begun}
    for index, item in enumerate(items_of(completion.choices[0])):
        yield from item_events(index, item)
    final = _final(completion)
    for _ in range(ends):
        yield final["status"], {"response": final}


def _final(completion: Completion) -> Json:
    choice = completion.choices[0]
    output = [item.whole for item in items_of(choice)]
    if completion.failure is not None:
        return _response("failed", output, error=_failure(completion.failure))
    usage = None if completion.usage is None else _usage(Usage.read(completion.usage))
    if choice.finish in INCOMPLETE:
        details = {"reason": INCOMPLETE[choice.finish]}
        return _response("incomplete", output, incomplete_details=details, usage=usage)
    return _response("completed", output, usage=usage)


def _response(status: str, output: list[Json], **more: Json | None) -> Json:
    return {
        "id": f"resp_hop{TAG}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "metadata": {},
        **more,
    }


def _failure(failure: ErrorStory) -> Json:
    return {"code": _CODES.get(failure.error_class, "server_error"), "message": str(failure.message)}


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.all_input,
        "input_tokens_details": {"cached_tokens": usage.cached_read, "cache_write_tokens": usage.cached_written},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.all_input + usage.output,
    }


def _written(value: Json) -> str:
    return compact(value).replace(_NUMBER, CREATED)
