"""A short text as streams of Messages and of Responses bring it, event by event."""

from typing import Any

Json = dict[str, Any]

_SEARCHES = {"server_tool_use": {"web_search_requests": 1}}
_WRITTEN = {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 3}
_INPUT = {"input_tokens": 9, "cache_creation_input_tokens": 8, "cache_creation": _WRITTEN}
_ENDING = {"stop_reason": "end_turn", "stop_sequence": None}
_NOT_ENDED = {"stop_reason": None, "stop_sequence": None}
_AUTHOR = {"type": "message", "role": "assistant"}
_BEGUN: Json = {
    "id": "msg_hopwritten",
    **_AUTHOR,
    "model": "fake-model",
    "content": [],
    **_NOT_ENDED,
    "usage": {**_INPUT, "output_tokens": 2, **_SEARCHES},
}

MESSAGE: list[Json] = [
    {"type": "message_start", "message": _BEGUN},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": _ENDING, "usage": {"output_tokens": 2, **_SEARCHES}},
    {"type": "message_stop"},
]
"""A stream of Messages."""

_PLACE = {"item_id": "msg_hopwritten", "output_index": 0, "content_index": 0}
_AROUND = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None}
_USAGE = {"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}


def _item(text: str) -> Json:
    content = {"type": "output_text", "text": text, "annotations": []}
    return {"id": "msg_hopwritten", **_AUTHOR, "status": "completed", "content": [content]}


def _response(status: str, output: list[Json], usage: Json | None) -> Json:
    head = {"id": "resp_hopwritten", "object": "response", "created_at": 1767225600, "model": "fake-model"}
    return {**head, "status": status, "output": output, "usage": usage, **_AROUND}


RESPONSE: list[Json] = [
    {"type": "response.created", "response": _response("in_progress", [], None)},
    {"type": "response.output_item.added", "output_index": 0, "item": _item("")},
    {"type": "response.output_text.delta", **_PLACE, "delta": "Hel", "logprobs": []},
    {"type": "response.output_text.delta", **_PLACE, "delta": "lo", "logprobs": []},
    {"type": "response.output_item.done", "output_index": 0, "item": _item("Hello")},
    {"type": "response.completed", "response": _response("completed", [_item("Hello")], _USAGE)},
]
"""A stream of Responses, but for the numbers of its events."""
