"""Messages of Anthropic's API: one JSON object, or the events that add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hopcheck_server.upstream.dialects.anthropic import errors
from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.template import MODEL, TAG
from hopcheck_server.upstream.script.turns import Choice, Completion, Delivery, ToolCall
from hopcheck_server.upstream.script.usage import Usage

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refused": "refusal",
    "context_exceeded": "model_context_window_exceeded",
    "paused": "pause_turn",
}
"""Stop reasons by a story's endings."""

FIRST_TOKENS = 1
"""The output tokens that the start of a stream reports."""

Block = tuple[Json, list[Json], Json]
"""A content block: as it is when it begins, its deltas, and as it is in the end."""


def message(completion: Completion) -> Json:
    """The whole message."""
    choice = completion.choices[0]
    content = [block for _, _, block in _blocks(choice)]
    used = Usage.read(completion.usage or {})
    return {**_head(content, STOP_REASONS[choice.finish]), "usage": {**_usage(used), **_lifetimes(used)}}


def events(completion: Completion, delivery: Delivery) -> Iterator[str]:
    """The stream's events, in order."""
    for name, data in _events(completion, delivery.done):
        yield f"event: {name}{delivery.line_end}data: {compact({'type': name, **data})}{delivery.line_end * 2}"


def _events(completion: Completion, stops: int) -> Iterator[tuple[str, Json]]:
    choice, usage = completion.choices[0], _usage(Usage.read(completion.usage or {}))
    start = {**usage, **_lifetimes(Usage.read(completion.usage or {})), "output_tokens": FIRST_TOKENS}
    start.pop("output_tokens_details", None)
    yield "message_start", {"message": {**_head([], None), "usage": start}}
    yield from _content_events(_blocks(choice))
    if completion.failure is not None:
        yield "error", errors.event(completion.failure.status, completion.failure)
        return
    yield (
        "message_delta",
        {"delta": {"stop_reason": STOP_REASONS[choice.finish], "stop_sequence": None}, "usage": usage},
    )
    for _ in range(stops):
        yield "message_stop", {}


def _content_events(blocks: Iterable[Block]) -> Iterator[tuple[str, Json]]:
    """Each block's events; a ping follows the first one's start, as Anthropic sends it."""
    for index, (start, deltas, _) in enumerate(blocks):
        yield "content_block_start", {"index": index, "content_block": start}
        if index == 0:
            yield "ping", {}
        for delta in deltas:
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}


def _head(content: list[Json], stop_reason: str | None) -> Json:
    return {
        "id": f"msg_hop{TAG}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
    }


def _usage(usage: Usage) -> Json:
    details = {"output_tokens_details": {"thinking_tokens": usage.reasoning}} if usage.reasoning else {}
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cached_written,
        "cache_read_input_tokens": usage.cached_read,
        "output_tokens": usage.output,
        **details,
    }


def _lifetimes(usage: Usage) -> Json:
    """How long what was written to a cache is kept; the end of a stream doesn't say it again."""
    for_hour = usage.cached_for_hour
    kept = {
        "ephemeral_5m_input_tokens": usage.cached_written - for_hour,
        "ephemeral_1h_input_tokens": for_hour,
    }
    return {"cache_creation": kept} if usage.cached_written else {}


def _blocks(choice: Choice) -> list[Block]:
    """The content, in Anthropic's order: thinking, text, calls."""
    blocks = [_thinking(choice)] if choice.reasoning else []
    if choice.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in choice.text]
        blocks.append(({"type": "text", "text": ""}, deltas, {"type": "text", "text": "".join(choice.text)}))
    return [*blocks, *map(_call, choice.tool_calls)]


def _thinking(choice: Choice) -> Block:
    pieces = [{"type": "thinking_delta", "thinking": piece} for piece in choice.reasoning]
    signature = {"type": "signature_delta", "signature": choice.signature}
    start = {"type": "thinking", "thinking": "", "signature": ""}
    whole = {"type": "thinking", "thinking": "".join(choice.reasoning), "signature": choice.signature}
    return start, [*pieces, signature], whole


def _call(call: ToolCall) -> Block:
    start = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *call.arguments)]
    return start, deltas, {**start, "input": parsed_arguments(call)}
