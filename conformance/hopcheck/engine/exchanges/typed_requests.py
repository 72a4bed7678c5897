"""Requests of the surfaces whose streams have typed events, in the form that all requests of the same meaning have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.authoring.equivalence import without_detail

Json = dict[str, Any]

RESPONSE_DEFAULTS: Mapping[str, Any] = {
    "stream": False,
    "store": True,
    "temperature": 1,
    "top_p": 1,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "truncation": "disabled",
    "background": False,
    "text": {"format": {"type": "text"}},
    "service_tier": "auto",
}
"""Values that OpenAI's document gives to fields which a request for a response leaves out."""

MESSAGE_DEFAULTS: Mapping[str, Any] = {"stream": False, "temperature": 1, "service_tier": "auto"}
"""Values that Anthropic's document gives to fields which a request for a message leaves out."""


def canonical_response_request(body: Mapping[str, Any]) -> Json:
    """A request for a response: its input is a list of items, whose content is a list of parts."""
    plain = {
        name: value
        for name, value in body.items()
        if value is not None and not _is_default(RESPONSE_DEFAULTS, name, value)
    }
    given = plain.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if isinstance(items, list):
        plain["input"] = [_item(one) for one in items]
    if isinstance(plain.get("tools"), list):
        plain["tools"] = [_without_nulls(one) for one in plain["tools"]]
    return plain


def canonical_message_request(body: Mapping[str, Any]) -> Json:
    """A request for a message, or for a count of its tokens: the system's text, and each message's, is a list."""
    plain = {
        name: value
        for name, value in body.items()
        if value is not None and not _is_default(MESSAGE_DEFAULTS, name, value)
    }
    if plain.get("tools") and plain.get("tool_choice") == {"type": "auto"}:
        del plain["tool_choice"]
    if isinstance(plain.get("system"), str):
        plain["system"] = _blocks(plain["system"], "text")
    if isinstance(plain.get("messages"), list):
        plain["messages"] = [_message(one) for one in plain["messages"]]
    if isinstance(plain.get("tools"), list):
        plain["tools"] = [_tool(one) for one in plain["tools"]]
    return plain


def _is_default(defaults: Mapping[str, Any], name: str, value: Any) -> bool:
    default = defaults.get(name)
    return default is not None and isinstance(value, bool) is isinstance(default, bool) and bool(value == default)


def _item(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("type", "message") != "message":
        return _without_nulls(item)
    role = "system" if item.get("role") == "developer" else item.get("role")
    text_type = "output_text" if role == "assistant" else "input_text"
    content = item.get("content")
    parts = _blocks(content, text_type) if isinstance(content, str) else content
    parts = [_part(one) for one in parts] if isinstance(parts, list) else parts
    plain = {name: value for name, value in item.items() if name != "type" and value is not None}
    return {**plain, "role": role, "content": parts}


def _part(part: Any) -> Any:
    """A part without what is so by default."""
    if not isinstance(part, dict):
        return part
    return without_detail({name: value for name, value in part.items() if value is not None})


def _message(message: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    return {**message, "content": _blocks(content, "text")} if isinstance(content, str) else message


def _tool(tool: Any) -> Any:
    """A tool without the type that it has by default."""
    is_custom = isinstance(tool, dict) and tool.get("type") == "custom"
    return {name: value for name, value in tool.items() if name != "type"} if is_custom else tool


def _blocks(text: str, kind: str) -> list[Json]:
    return [{"type": kind, "text": text}]


def _without_nulls(value: Any) -> Any:
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value
