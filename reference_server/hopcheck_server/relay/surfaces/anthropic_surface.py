"""What differs on the Messages surface: its paths, its errors, its credentials, and how its streams end."""

from __future__ import annotations

import json
from typing import Any

PATHS = {"/v1/messages": "/messages", "/v1/messages/count_tokens": "/messages/count_tokens"}
"""The client's paths, and the provider's."""

VERSION = "anthropic-version"

PASSED = (VERSION, "anthropic-beta")
"""A client's headers that go to the provider."""

DEFAULT_VERSION = "2023-06-01"

KEPT_PREFIXES = ("anthropic-", "request-id")
"""Beginnings of a provider's headers that clients depend on."""

TERMINAL = frozenset({"message_stop", "error"})
"""The events that end a stream."""

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error_body(message: str, status: int) -> dict[str, Any]:
    """Make Anthropic's error object."""
    known = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": known, "message": message}}


def shaped(body: bytes, status: int) -> dict[str, Any]:
    """Make an error in Anthropic's shape from a provider's body, with its own fields if it has that shape."""
    try:
        given = json.loads(body)
        error = given.get("error")
    except (ValueError, AttributeError):
        error = None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return error_body(f"The provider answered {status}.", status)
    return {**given, "type": "error", "error": {**error_body("", status)["error"], **error}}
