"""Errors in the shape that Anthropic's clients read."""

from __future__ import annotations

import json
from typing import Any

from hopcheck_server.proxy.errors import CLIENT_ERROR, ProxyError

TYPES = {
    400: CLIENT_ERROR,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Anthropic's types by status; other client errors are invalid requests, other failures `api_error`."""

_KNOWN = frozenset({*TYPES.values(), "api_error"}) - {CLIENT_ERROR}


def anthropic_body(error: ProxyError) -> dict[str, Any]:
    """Return `{"type": "error", "error": {type, message}}`, with `code` and `param` where the error has them."""
    known = {"type": _type_of(error), "message": error.message}
    named = {name: value for name, value in (("code", error.code), ("param", error.param)) if value is not None}
    return {"type": "error", "error": {**error.extra, **named, **known}}


def encode_anthropic(error: ProxyError) -> bytes:
    """Encode the body."""
    return json.dumps(anthropic_body(error), separators=(",", ":")).encode()


def _type_of(error: ProxyError) -> str:
    """Keep a type of Anthropic's. OpenAI's `invalid_request_error` stands for several: the status says which."""
    if error.kind in _KNOWN:
        return str(error.kind)
    return TYPES.get(error.status, CLIENT_ERROR if error.status < 500 else "api_error")
