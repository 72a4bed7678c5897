"""Errors of Anthropic's API: a closed list of types, by status."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.script.error_story import ErrorClass, ErrorStory, class_of

TYPES = {
    ErrorClass.INVALID: "invalid_request_error",
    ErrorClass.AUTHENTICATION: "authentication_error",
    ErrorClass.PERMISSION: "permission_error",
    ErrorClass.NOT_FOUND: "not_found_error",
    ErrorClass.TOO_LARGE: "request_too_large",
    ErrorClass.RATE_LIMITED: "rate_limit_error",
    ErrorClass.TIMEOUT: "timeout_error",
    ErrorClass.OVERLOADED: "overloaded_error",
    ErrorClass.SERVER: "api_error",
}

_BY_STATUS = {402: "billing_error", 503: "api_error"}  # overloaded is 529 alone


def type_of(status: int) -> str:
    """The type of the errors that are sent with a status."""
    return _BY_STATUS.get(status, TYPES[class_of(status)])


def event(status: int, error: ErrorStory) -> Json:
    """The error object, as the data of an event."""
    message = error.message if isinstance(error.message, str) else ""
    return {"type": "error", "error": {"type": type_of(status), "message": message}}
