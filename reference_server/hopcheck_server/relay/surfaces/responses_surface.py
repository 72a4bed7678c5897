"""What differs on the Responses surface: its paths, its error events, and how its streams end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopcheck_contracts.sse import Event, event_of

PATH = "/v1/responses"

_STORED = re.compile(rf"{PATH}/[^/]+(?P<rest>/[a-z_]+)?")
_METHODS = {
    "": ("GET", "DELETE", "OPTIONS"),
    "/cancel": ("POST", "OPTIONS"),
    "/input_items": ("GET", "OPTIONS"),
}
"""What can be asked of a stored response, by what follows its id."""

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
"""The events that end a stream."""


def stored_methods(path: str) -> tuple[str, ...]:
    """The methods that a path about a stored response allows; none for another path."""
    found = _STORED.fullmatch(path)
    return _METHODS.get(found["rest"] or "", ()) if found else ()


def error_of(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error that an event reports; None for an event that reports none."""
    if payload.get("type") == "response.failed":
        response = payload.get("response")
        error = response.get("error") if isinstance(response, dict) else None
        return error if isinstance(error, dict) else {"message": "The response failed."}
    if payload.get("type") != "error":
        return None
    own = {name: payload.get(name) for name in ("message", "code", "param")}
    error = payload.get("error")
    return {**own, **error} if isinstance(error, dict) else own


def error_event(message: str, code: str, number: int) -> Event:
    """The event that ends a stream which broke."""
    fields = {"sequence_number": number, "code": code, "message": message, "param": None}
    return event_of({"type": "error", **fields}, "error")
