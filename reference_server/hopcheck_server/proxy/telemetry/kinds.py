"""The labels by which requests are counted: the route and the kind of error, each from a fixed set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hopcheck_server.proxy.errors import ProxyError

OTHER = "other"
ROUTES = (
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/responses",
    "/v1/responses/{response_id}",
    "/v1/responses/{response_id}/cancel",
    "/v1/responses/{response_id}/input_items",
    "/v1/models",
    "/v1/models/{model_id}",
    "/v1/llm/models",
    "/health/live",
    "/health/ready",
    "/metrics",
    OTHER,
)
_KNOWN = frozenset(ROUTES)

OWN_KINDS = frozenset(
    {"invalid_api_key", "request_timeout", "request_too_large", "internal_error", "shutting_down", "overloaded",
     "upstream_unreachable", "upstream_silent", "upstream_unwell", "upstream_timeout", "upstream_cut",
     "upstream_auth_error", "upstream_invalid_response", "upstream_too_large"}
)  # fmt: skip
"""This proxy's own codes that are more precise than the status."""


def route_of(path: str) -> str:
    """Return the label of a path; all unknown paths share one."""
    if path in _KNOWN:
        return path
    if path.startswith("/v1/models/"):
        return "/v1/models/{model_id}"
    return _stored_response_route(path.removeprefix(_STORED)) if path.startswith(_STORED) else OTHER


_STORED = "/v1/responses/"


def _stored_response_route(rest: str) -> str:
    """Return the label of a path below that of the responses: an id, and perhaps what is asked about it."""
    _, slash, about = rest.partition("/")
    route = f"{_STORED}{{response_id}}{slash}{about}"
    return route if route in _KNOWN else OTHER


def kind_of(error: ProxyError) -> str:
    """Return the label of an error; an upstream's own codes have none."""
    if error.code in OWN_KINDS:
        return str(error.code)
    if error.status == 429:
        return "rate_limited"
    return "refused" if error.status < 500 else "upstream_error"
