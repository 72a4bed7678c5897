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
}
"""Values that OpenAI's document gives to fields which a request leaves out."""


def canonical_request(body: Mapping[str, Any]) -> dict[str, Any]:
    """A chat request in the form that all requests of the same meaning have.

    A documented default and a null are left out, the one stop text is a list, and `max_tokens` has its newer name.
    """
    plain = {field: value for field, value in body.items() if value is not None and not _is_default(field, value)}
    if "max_tokens" in plain and plain.get("max_completion_tokens", plain["max_tokens"]) == plain["max_tokens"]:
        plain["max_completion_tokens"] = plain.pop("max_tokens")
    if isinstance(plain.get("stop"), str):
        plain["stop"] = [plain["stop"]]
    return plain


def _is_default(field: str, value: Any) -> bool:
    default = DEFAULTS.get(field)
    return default is not None and isinstance(value, bool) is isinstance(default, bool) and bool(value == default)
