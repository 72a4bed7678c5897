"""Requests to OpenAI's Responses API, made of requests for chat completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_SAME = ("model", "stream", "temperature", "top_p", "user", "parallel_tool_calls", "store", "metadata")


def translated(body: Json) -> Json:
    """The request for a response."""
    messages = [one for one in body.get("messages") or () if isinstance(one, dict)]
    parameters = {
        **{name: body.get(name) for name in _SAME},
        "max_output_tokens": body.get("max_completion_tokens") or body.get("max_tokens"),
        "tools": [{"type": "function", **one["function"]} for one in body.get("tools") or ()] or None,
        "tool_choice": tool_choice(body.get("tool_choice")),
        "text": text_format(body.get("response_format")),
    }
    kept = {name: value for name, value in parameters.items() if value is not None}
    return {**kept, "input": [item for message in messages for item in items(message)]}


def items(message: Json) -> Iterator[Json]:
    """A message as items of the input: an assistant's thoughts, text and calls are one each."""
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        text = content if isinstance(content, str) else "".join(part["text"] for part in content or ())
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": text}
        return
    yield from map(_thought, message.get("thinking_blocks") or ())
    if content:
        yield {"type": "message", "role": role, "content": _content(role, content)}
    for call in message.get("tool_calls") or ():
        yield {"type": "function_call", "call_id": call.get("id"), **call["function"]}


def _thought(block: Json) -> Json:
    summary = [{"type": "summary_text", "text": block["thinking"]}]
    return {"type": "reasoning", "id": block["id"], "summary": summary, "encrypted_content": block["signature"]}


def _content(role: Any, content: Any) -> Any:
    kind = "output_text" if role == "assistant" else "input_text"
    return content if isinstance(content, str) else [_part(kind, part) for part in content]


def _part(kind: str, part: Json) -> Json:
    if part["type"] == "image_url":
        image = part["image_url"]
        return {"type": "input_image", "image_url": image["url"], "detail": image.get("detail", "auto")}
    if part["type"] == "file":
        return {"type": "input_file", **part["file"]}
    return {"type": kind, "text": part["text"]} if part["type"] == "text" else part


def tool_choice(choice: Any) -> Any:
    """The choice among the tools, of which a named one stands without a `function` around it."""
    return {"type": "function", "name": choice["function"]["name"]} if isinstance(choice, dict) else choice


def text_format(form: Any) -> Json | None:
    """The form of the response's text."""
    if not isinstance(form, dict):
        return None
    return {"format": {"type": form["type"], **form.get("json_schema", {})}}
