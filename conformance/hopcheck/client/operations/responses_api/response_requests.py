"""Requests for responses, made of the fields in which cases ask: those of chat requests, translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hopcheck.client.bodies import marked
from hopcheck.client.config import Models
from hopcheck.client.operations.field_writers import Body, FieldWriter, body_of_fields, field_named
from hopcheck.client.operations.kind import NotExpressible

_MESSAGE_FIELDS = frozenset({"role", "content", "tool_calls", "tool_call_id"})
_ROLES = frozenset({"system", "developer", "user", "assistant"})


def response_body(models: Models, marker: str, fields: Mapping[str, Any]) -> Body:
    """The body of a request for a response, with the marker in the last user message.

    `input` is the API's own field; the others are those of chat requests.

    Raises:
        NotExpressible: The API has no such field.
    """
    asked = dict(fields)
    if "text" in asked:
        asked = {"input": asked.pop("text"), **asked}
    body: Body = {"model": models.responses or models.chat, "input": "Say hello."}
    body = body_of_fields(body, asked, _FIELDS, renamed=_RENAMED)
    return {**body, "input": _marked(body["input"], marker)} if "input" in body else body


def _marked(given: Any, marker: str) -> Any:
    """The input with the marker at the end of its last user message; what is neither text nor a list stays."""
    if isinstance(given, str):
        return f"{given} {marker}".strip()
    items = marked(given, marker)
    for item in items if isinstance(items, list) else ():
        for part in item["content"] if isinstance(item, dict) and isinstance(item.get("content"), list) else ():
            if part.get("type") == "text":
                part["type"] = "input_text"
    return items


def _messages(value: Any) -> Body:
    """Messages as items; what is no list of messages is sent as it is, to be refused."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return {"input": value}
    return {"input": [item for one in value for item in _items(one)]}


def _items(message: Body) -> Iterator[Body]:
    if not message.keys() <= _MESSAGE_FIELDS:
        raise NotExpressible("the messages have fields that this API doesn't have")
    if message.get("role") == "tool":
        yield {"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}
        return
    if message.get("role") not in _ROLES:
        raise NotExpressible(f"this API has no role {message.get('role')}")
    if message.get("content"):
        yield {"role": message["role"], "content": _content(message["content"], message["role"])}
    for call in message.get("tool_calls") or ():
        yield _call(call)


def _content(content: Any, role: str) -> Any:
    if not isinstance(content, list):
        return content
    return [_part(part, "output_text" if role == "assistant" else "input_text") for part in content]


def _part(part: Body, text_type: str) -> Body:
    match part:
        case {"type": "text", "text": text}:
            return {"type": text_type, "text": text}
        case {"type": "image_url", "image_url": {"url": url, **more}}:
            return {"type": "input_image", "image_url": url, "detail": more.get("detail", "auto")}
        case _:
            raise NotExpressible("the messages have parts that this API writes otherwise")


def _call(call: Body) -> Body:
    match call:
        case {"id": str(identity), "function": {"name": str(name), "arguments": str(arguments)}}:
            return {"type": "function_call", "call_id": identity, "name": name, "arguments": arguments}
        case _:
            raise NotExpressible("the messages have calls that this API writes otherwise")


def _tools(value: Any) -> Body:
    return {"tools": [_tool(one) for one in value] if isinstance(value, list) else value}


def _tool(tool: Body) -> Body:
    kind = tool.get("type")
    if kind not in ("function", "custom") or not isinstance(tool.get(kind), dict):
        raise NotExpressible("the API has tools that are functions, or custom ones")
    return {"type": kind, **tool[kind]}


def _tool_choice(value: Any) -> Body:
    if not isinstance(value, dict):
        return {"tool_choice": value}
    kind = value.get("type")
    if kind not in ("function", "custom"):
        raise NotExpressible("the API writes this choice of tools otherwise")
    return {"tool_choice": {"type": kind, **value[kind]}}


def _format(value: Any) -> Body:
    schema = value.get("json_schema") if isinstance(value, dict) else None
    return {"text": {"format": {"type": "json_schema", **schema} if isinstance(schema, dict) else value}}


_SAME = (
    "model", "input", "instructions", "stream", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "store",
    "metadata", "user", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "include",
    "previous_response_id", "reasoning", "truncation", "max_output_tokens",
)  # fmt: skip

_RENAMED = {"messages": "input", "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}

_FIELDS: Mapping[str, FieldWriter] = {
    **{name: field_named(name) for name in _SAME},
    "max_tokens": field_named("max_output_tokens"),
    "max_completion_tokens": field_named("max_output_tokens"),
    "messages": _messages,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "response_format": _format,
    "reasoning_effort": lambda value: {"reasoning": {"effort": value}},
    "stream_options": lambda _: {},  # a stream always has its usage
}
