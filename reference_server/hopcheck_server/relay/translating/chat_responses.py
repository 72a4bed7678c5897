"""Chat completions, made of messages."""

from __future__ import annotations

import json
import time
from typing import Any

Json = dict[str, Any]

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
"""OpenAI's finish reasons by Anthropic's stop reasons. OpenAI has none for a turn that pauses."""


def completion(message: Json, model: str) -> Json:
    """A chat completion."""
    content: list[Json] = message["content"]
    texts = [block["text"] for block in content if block["type"] == "text"]
    thoughts = [block["thinking"] for block in content if block["type"] == "thinking"]
    calls = [call(block) for block in content if block["type"] == "tool_use"]
    answer: Json = {"role": "assistant", "content": "".join(texts) if texts else None, "refusal": None}
    answer |= {"reasoning_content": "".join(thoughts)} if thoughts else {}
    answer |= {"tool_calls": calls} if calls else {}
    choice = {"index": 0, "message": answer, "logprobs": None, "finish_reason": finish_reason(message["stop_reason"])}
    head = identity(message["id"], "chat.completion", model)
    return {**head, "choices": [choice], "usage": usage(message["usage"])}


def identity(message_id: str, kind: str, model: str) -> Json:
    """The fields that a completion and its chunks begin with."""
    return {"id": f"chatcmpl-{message_id}", "object": kind, "created": int(time.time()), "model": model}


def finish_reason(stop_reason: str | None) -> str:
    """The finish reason; an unknown reason is an end like any other."""
    return FINISH_REASONS.get(stop_reason or "", "stop")


def call(block: Json) -> Json:
    """A tool call."""
    return {
        "id": block["id"],
        "type": "function",
        "function": {"name": block["name"], "arguments": json.dumps(block["input"])},
    }


def usage(counts: Json) -> Json:
    """OpenAI's usage, whose prompt has the cached tokens, too."""
    read, written = counts.get("cache_read_input_tokens") or 0, counts.get("cache_creation_input_tokens") or 0
    prompt, output = counts["input_tokens"] + read + written, counts["output_tokens"]
    details = counts.get("output_tokens_details") or {}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": output,
        "total_tokens": prompt + output,
        "prompt_tokens_details": {"cached_tokens": read},
        **({"completion_tokens_details": {"reasoning_tokens": details["thinking_tokens"]}} if details else {}),
    }


def error(body: Json) -> Json:
    """OpenAI's error object; empty where the body has no error."""
    given = body.get("error")
    if not isinstance(given, dict):
        return {}
    return {"error": {"message": given.get("message"), "type": given.get("type"), "param": None, "code": None}}
