"""The responses that a relay makes by itself: refusals, lists of models, health."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import IncomingRequest, RelayedResponse, dump
from hopcheck_server.relay.surfaces import anthropic_surface, responses_surface

FORWARDED = {
    "/v1/chat/completions": "/chat/completions",
    "/v1/embeddings": "/embeddings",
    responses_surface.PATH: "/responses",
    **anthropic_surface.PATHS,
}
"""Paths of questions that go to the provider, and the provider's paths for them."""

HEALTH = ("/health", "/health/live", "/health/ready")
"""Paths that need no key."""

CREATED = 1_700_000_000
"""The creation time of every model, in Unix seconds; a constant, so that lists are equal."""

CONTROL_FIELDS = frozenset(
    {"api_base", "api_key", "api_version", "base_url", "cache", "caching", "custom_llm_provider", "extra_body",
     "extra_headers", "extra_query", "fallbacks", "headers", "max_retries", "mock_response", "mock_timeout",
     "model_list", "num_retries", "organization", "request_timeout", "stream_timeout", "tags", "timeout"}
)  # fmt: skip
"""Fields by which a client could control the next hop in the operator's place."""


def methods(path: str) -> tuple[str, ...]:
    """Return the methods that a path allows; none for an unknown path."""
    if path in FORWARDED:
        return ("POST", "OPTIONS")
    if path in ("/v1/models", "/v1/llm/models", *HEALTH) or path.startswith("/v1/models/"):
        return ("GET", "HEAD", "OPTIONS")
    return responses_surface.stored_methods(path)


def provider_path(request: IncomingRequest) -> str:
    """The provider's path for a request that it answers; "" for what needs no provider."""
    if request.path in FORWARDED:
        return FORWARDED[request.path] if request.method == "POST" else ""
    is_stored = bool(responses_surface.stored_methods(request.path)) and request.method != "OPTIONS"
    return request.path.removeprefix("/v1") if is_stored else ""


def check_route(request: IncomingRequest) -> RelayedResponse | None:
    """Refuse unknown paths, wrong methods and wrong content types."""
    allowed = methods(request.path)
    if not allowed:
        return refuse(request, 404, f"There is nothing at {request.path}.", code="not_found")
    if request.method not in allowed:
        allow = (("Allow", ", ".join(allowed)),)
        return refuse(request, 405, f"{request.method} is not allowed here.", code="method_not_allowed", headers=allow)
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.method == "POST" and request.path in FORWARDED and media_type != "application/json":
        return refuse(request, 415, "Send application/json.", code="unsupported_media_type")
    return None


def check_body(request: IncomingRequest, known: Iterable[str], default_model: str) -> RelayedResponse | None:
    """Refuse a body that no provider could answer, before any attempt."""
    body = request.json
    if body is None:
        return refuse(request, 400, "The body is not a JSON object.", code="invalid_json")
    control = sorted(CONTROL_FIELDS & body.keys())
    if control:
        return refuse(request, 400, f"{control[0]} is not a client's to set.", code="control_field", param=control[0])
    wrong = _wrong_field(request.path, body, default_model)
    if wrong:
        return refuse(request, 400, f"{wrong} is missing, empty or of the wrong type.", param=wrong)
    if body.get("model") is not None and body["model"] not in known:
        return refuse(request, 404, f"There is no model {body['model']!r}.", code="model_not_found", param="model")
    return None


_NUMBERS = ("temperature", "top_p")
_INTEGERS = ("n", "max_tokens", "max_completion_tokens", "max_output_tokens")


def _wrong_field(path: str, body: dict[str, Any], default_model: str) -> str | None:
    model = body.get("model")
    if not (isinstance(model, str) and model) and not (model is None and default_model):
        return "model"
    if not isinstance(body.get("stream", False), bool | None):
        return "stream"
    if path == responses_surface.PATH:
        return _wrong_type(body) if _has_input(body) else "input"
    if path.endswith("/embeddings"):
        return None if body.get("input") and isinstance(body["input"], (str, list)) else "input"
    if path == "/v1/messages" and not _is_number(body.get("max_tokens"), whole=True):
        return "max_tokens"
    messages = body.get("messages")
    sound = isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages)
    return _wrong_type(body) if sound else "messages"


def _has_input(body: dict[str, Any]) -> bool:
    """Whether there is something to respond to: a text, items, or what is stored at the provider."""
    given = body.get("input")
    if given is None:
        return any(body.get(name) for name in ("prompt", "previous_response_id", "conversation"))
    is_list = isinstance(given, list) and all(isinstance(item, dict) for item in given)
    return bool(given) and (isinstance(given, str) or is_list)


def _wrong_type(body: dict[str, Any]) -> str | None:
    """Return the first of the common fields that is neither null nor of its type."""
    given = {field: value for field, value in body.items() if value is not None}
    numbers = (*_NUMBERS, *_INTEGERS)
    wrong = [field for field in numbers if not _is_number(given.get(field, 0), whole=field in _INTEGERS)]
    if not isinstance(given.get("tools", []), list):
        wrong.append("tools")
    return wrong[0] if wrong else None


def _is_number(value: Any, *, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):  # to Python a bool is an int
        return False
    return not whole or isinstance(value, int) or value.is_integer()


def model_entry(model: str) -> dict[str, Any]:
    """Make a model's entry in OpenAI's shape."""
    return {"id": model, "object": "model", "created": CREATED, "owned_by": "hopcheck"}


def answer(request: IncomingRequest, models: Iterable[str]) -> RelayedResponse:
    """Answer what needs no provider."""
    path = request.path
    if request.method == "OPTIONS":
        return RelayedResponse(request, 204, [("Allow", ", ".join(methods(path)))], framing="none")
    if path in HEALTH:
        return _json(request, {"status": "ok", "version": "1", "mode": "relay"})
    if path == "/v1/llm/models":
        common = {"provider": "hopcheck", "context_length": None, "is_available": True}
        return _json(request, [{"id": model, "name": model, **common} for model in models])
    if path == "/v1/models":
        return _json(request, {"object": "list", "data": [model_entry(model) for model in models]})
    wanted = unquote(path.removeprefix("/v1/models/"))
    if wanted not in models:
        return refuse(request, 404, f"There is no model {wanted!r}.", code="model_not_found", param="model")
    return _json(request, model_entry(wanted))


def _json(request: IncomingRequest, body: Any) -> RelayedResponse:
    return RelayedResponse(request, 200, [("Content-Type", "application/json")], dump(body))
