"""The errors of a relay: OpenAI's shape, the right status, no secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from hopcheck_contracts.sse import Event
from hopcheck_server.relay.messages import Failure, IncomingRequest, RelayedResponse, dump
from hopcheck_server.relay.surfaces import anthropic_surface, responses_surface

FORWARDED = ("retry-after", "retry-after-ms", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
             "x-ratelimit-reset-requests", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens",
             "x-ratelimit-reset-tokens")  # fmt: skip
"""A provider's headers that its clients depend on."""

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    429: "rate_limit_error",
}


def error_body(message: str, status: int, *, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """Make OpenAI's error object."""
    kind = _KINDS.get(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refuse(
    request: IncomingRequest,
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> RelayedResponse:
    """Make an error of the relay's own."""
    shaped_error = error_body(message, status, code=code, param=param)
    if request.is_anthropic:
        shaped_error = anthropic_surface.error_body(message, status)
    body = dump(shaped_error)
    return RelayedResponse(request, status, [("Content-Type", "application/json"), *headers], body)


def failed(request: IncomingRequest, failure: Failure) -> RelayedResponse:
    """Make the response to a request of which every attempt failed."""
    match failure.kind:
        case "status":
            return _passed_on(request, failure)
        case "timeout":
            return refuse(request, 504, "The provider did not answer in time.", code="provider_timeout")
        case "connect":
            again = (("Retry-After", "1"),)
            return refuse(request, 503, "The provider can't be reached.", code="provider_unreachable", headers=again)
        case "error-event":
            body = dump(_shaped_for(request, failure.body, 502))
            return RelayedResponse(request, 502, [("Content-Type", "application/json")], body)
        case _:
            return refuse(request, 502, "The provider's answer can't be read.", code="provider_invalid_answer")


def _passed_on(request: IncomingRequest, failure: Failure) -> RelayedResponse:
    assert failure.head is not None
    if failure.status == 401:  # the relay's key was refused, not the client's
        return refuse(request, 502, "The provider refused this proxy's credentials.", code="provider_auth")
    kept = [(name, value) for name in FORWARDED if (value := failure.head.header(name)) is not None]
    body = dump(_shaped_for(request, failure.body, failure.status))
    return RelayedResponse(
        request, failure.status, [("Content-Type", "application/json"), *kept], body, origin="provider"
    )


def _shaped_for(request: IncomingRequest, body: bytes, status: int) -> dict[str, Any]:
    if request.is_anthropic:
        return anthropic_surface.shaped(body, status)
    return shaped(_error_object(body) if request.is_for_responses else body, status)


def _error_object(body: bytes) -> bytes:
    """An error event of the Responses surface as an error's body; any other body as it is."""
    try:
        payload = json.loads(body)
    except ValueError:
        return body
    error = responses_surface.error_of(payload) if isinstance(payload, dict) else None
    return body if error is None else dump({"error": error})


def shaped(body: bytes, status: int) -> dict[str, Any]:
    """Make an error in OpenAI's shape from a provider's body, with its own fields if it has that shape."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError):
        error = None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return error_body(f"The provider answered {status}.", status)
    code = error.get("code")
    filled = {**error_body(error["message"], status)["error"], **error}
    return {"error": {**filled, "code": code if code is None else str(code)}}


def scrubbed(text: bytes, secrets: Iterable[str]) -> bytes:
    """Mask keys in a text."""
    for secret in secrets:
        text = text.replace(secret.encode(), b"***")
    return text


def is_error(event: Event) -> bool:
    """Whether an event is an error."""
    payload = event.json if b"error" in event.raw or b"failed" in event.raw else None
    if not isinstance(payload, dict):
        return False
    return bool(payload.get("error")) or responses_surface.error_of(payload) is not None
