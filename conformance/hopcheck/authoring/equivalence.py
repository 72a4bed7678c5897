"""Requests that say the same in different words: one form for all of them, by which they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, Any] = {
    "stream": False,
    "n": 1,
    "store": False,
    "logprobs": False,
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "parallel_tool_calls": True,
    "response_format": {"type": "text"},
    "service_tier": "auto",
    "encoding_format": "float",
}
"""Values that OpenAI's document gives to fields which a request leaves out."""

CHOOSING = {"tool_choice": "tools", "function_call": "functions"}
"""Fields whose default is `auto` where there is something to choose from, and `none` otherwise."""


def canonical_request(body: Any) -> dict[str, Any]:
    """A chat request in the form that all requests of the same meaning have.

    A documented default and a null are left out, the one stop text is a list, and `max_tokens` has its newer name.
    What is no JSON object has no fields.
    """
    if not isinstance(body, Mapping):
        return {}
    plain = {field: value for field, value in body.items() if value is not None and not _is_default(body, field, value)}
    if "max_tokens" in plain and plain.get("max_completion_tokens", plain["max_tokens"]) == plain["max_tokens"]:
        plain["max_completion_tokens"] = plain.pop("max_tokens")
    if isinstance(plain.get("stop"), str):
        plain["stop"] = [plain["stop"]]
    if isinstance(plain.get("tools"), list):
        plain["tools"] = [_plain_tool(tool) for tool in plain["tools"]]
    return plain


def _plain_tool(tool: Any) -> Any:
    """A tool without a `strict` of false, which is the default."""
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or function.get("strict") is not False:
        return tool
    return {**tool, "function": {name: value for name, value in function.items() if name != "strict"}}


def without_detail(part: Mapping[str, Any]) -> dict[str, Any]:
    """An image, or a part that is one, without a detail of `auto`, which is the default."""
    return {name: value for name, value in part.items() if (name, value) != ("detail", "auto")}


def _is_default(body: Mapping[str, Any], field: str, value: Any) -> bool:
    if field in CHOOSING:
        return bool(value == ("auto" if body.get(CHOOSING[field]) else "none"))
    default = DEFAULTS.get(field)
    return default is not None and isinstance(value, bool) is isinstance(default, bool) and bool(value == default)
