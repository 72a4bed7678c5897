"""Requests for messages, made of the fields in which cases ask: OpenAI's names, translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import marked
from hopcheck.client.config import Models
from hopcheck.client.operations.field_writers import Body, FieldWriter, body_of_fields, field_named
from hopcheck.client.operations.kind import NotExpressible

MAX_TOKENS = 64
"""What a healthy request allows: the API has no default."""

_CHOICES = {"auto": "auto", "required": "any", "none": "none"}


def message_body(models: Models, marker: str, fields: Mapping[str, Any]) -> Body:
    """The body of a request for a message, with the marker in the last user message.

    Raises:
        NotExpressible: The API has no such field.
    """
    return _body(models, marker, {"max_tokens": MAX_TOKENS, **fields})


def count_body(models: Models, marker: str, fields: Mapping[str, Any]) -> Body:
    """The same for a request to count tokens, which has no limit of them."""
    return _body(models, marker, fields)


def _body(models: Models, marker: str, fields: Mapping[str, Any]) -> Body:
    asked = dict(fields)
    if "text" in asked:
        asked = {"messages": [{"role": "user", "content": asked.pop("text")}], **asked}
    body: Body = {"model": models.messages or models.chat, "messages": [{"role": "user", "content": "Say hello."}]}
    body = body_of_fields(body, asked, _FIELDS, renamed={})
    if "messages" in body:
        body["messages"] = marked(body["messages"], marker)
    return body


def _messages(value: Any) -> Body:
    """Messages that both APIs write alike, or with blocks of this one; what is no list is sent as it is."""
    for one in value if isinstance(value, list) else ():
        is_plain = isinstance(one, dict) and one.get("role") in ("user", "assistant") and one.keys() <= _PLAIN
        if not is_plain or not _is_native(one.get("content")):
            raise NotExpressible("the messages have roles or parts that this API writes otherwise")
    return {"messages": value}


_PLAIN = frozenset({"role", "content"})


_BLOCKS = frozenset(
    {"text", "image", "document", "thinking", "redacted_thinking", "tool_use", "tool_result", "server_tool_use"}
)
"""Types of blocks; those of OpenAI's parts have other names, but for texts."""


def _is_native(content: Any) -> bool:
    parts = content if isinstance(content, list) else []
    return isinstance(content, str) or (bool(parts) and all(one.get("type") in _BLOCKS for one in parts))


def _tools(value: Any) -> Body:
    if not isinstance(value, list):
        return {"tools": value}
    functions = [tool.get("function") for tool in value]
    if not all(isinstance(one, dict) for one in functions):
        raise NotExpressible("the API has tools that are functions")
    return {"tools": [_tool(one) for one in functions]}


def _tool(function: Body) -> Body:
    described = {"description": function["description"]} if "description" in function else {}
    return {"name": function["name"], **described, "input_schema": function.get("parameters", {"type": "object"})}


def _tool_choice(value: Any) -> Body:
    if isinstance(value, str):
        return {"tool_choice": {"type": _CHOICES[value]}}
    return {"tool_choice": {"type": "tool", "name": value["function"]["name"]}}


def _stop(value: Any) -> Body:
    return {"stop_sequences": [value] if isinstance(value, str) else value}


_SAME = ("model", "stream", "max_tokens", "temperature", "top_p", "top_k", "system")

_FIELDS: Mapping[str, FieldWriter] = {
    **{name: field_named(name) for name in _SAME},
    "max_completion_tokens": field_named("max_tokens"),
    "messages": _messages,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "stop": _stop,
    "user": lambda value: {"metadata": {"user_id": value}},
    "stream_options": lambda _: {},  # a stream always has its usage
}
