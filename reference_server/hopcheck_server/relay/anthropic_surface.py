"""What differs on the Messages surface: its paths, its errors, its credentials, and how its streams end."""

from __future__ import annotations

import json
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.messages import Events, Failure

PATHS = {"/v1/messages": "/messages", "/v1/messages/count_tokens": "/messages/count_tokens"}
"""The client's paths, and the provider's."""

VERSION = "anthropic-version"

PASSED = (VERSION, "anthropic-beta")
"""A client's headers that go to the provider."""

DEFAULT_VERSION = "2023-06-01"

KEPT_PREFIXES = ("anthropic-", "request-id")
"""Beginnings of a provider's headers that clients depend on."""

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


async def checked(events: Events) -> Events:
    """Pass events on as long as the stream is valid; `message_stop` and errors end it.

    Comments pass, and empty events are dropped. Every event is written with its name and one line of data.

    Raises:
        Failure: Malformed data, or an end before `message_stop`.
    """
    async for event in events:
        if event.data is None or not event.data.strip():
            if event.comments:
                yield event
            continue
        payload = event.json
        if not isinstance(payload, dict) or not isinstance(payload.get("type"), str):
            raise Failure("garbled", "the provider sent a malformed event")
        yield event if _is_plain(event, payload["type"]) else event_of(event.data, payload["type"])
        if payload["type"] in ("message_stop", "error"):
            return
    raise Failure("cut", "the provider's stream ended before its message did")


def _is_plain(event: Event, kind: str) -> bool:
    raw = event.raw
    return event.event == kind and raw.startswith(b"event: ") and raw.endswith(b"\n\n") and b"\r" not in raw
