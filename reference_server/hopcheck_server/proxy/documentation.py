"""Makes the application's generated OpenAPI document complete: what requests and answers look like on the wire.

The routes take raw requests and give raw responses, so that bytes pass untouched; FastAPI can't read shapes off them.
Each route therefore declares, beside its code, what it takes, which statuses it answers with, and in which shape. The
shapes that this proxy shares with others are the contract's; its own are its models in `schemas`.
"""

from __future__ import annotations

import warnings
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter

from hopcheck_contracts.documents import document

from .schemas import Health, LLMModel

OWN_SHAPES: tuple[type[BaseModel], ...] = (LLMModel, Health)

JSON = "application/json"
_ID = ("RequestId",)
_LIMITS = (
    "RateLimitLimitRequests",
    "RateLimitRemainingRequests",
    "RateLimitResetRequests",
    "RateLimitLimitTokens",
    "RateLimitRemainingTokens",
    "RateLimitResetTokens",
)
_WIRE_NAMES = {
    "Age": "age",
    "Stale": "x-llm-proxy-stale",
    "Fallback": "x-llm-proxy-fallback",
    "RequestId": "x-request-id",
    "RetryAfter": "retry-after",
    "RateLimitLimitRequests": "x-ratelimit-limit-requests",
    "RateLimitRemainingRequests": "x-ratelimit-remaining-requests",
    "RateLimitResetRequests": "x-ratelimit-reset-requests",
    "RateLimitLimitTokens": "x-ratelimit-limit-tokens",
    "RateLimitRemainingTokens": "x-ratelimit-remaining-tokens",
    "RateLimitResetTokens": "x-ratelimit-reset-tokens",
}
_ERRORS: dict[int | str, tuple[str, tuple[str, ...]]] = {
    400: ("The request is wrong in itself.", _ID),
    401: ("No key, or not the one.", _ID),
    404: ("There is no such model.", _ID),
    408: ("The request's body didn't arrive in time.", _ID),
    413: ("The request's body is too large.", _ID),
    415: ("The request's body is not plain JSON.", _ID),
    429: ("A limit is used up, at the upstream.", (*_ID, "RetryAfter", *_LIMITS)),
    500: ("This proxy or the upstream failed.", _ID),
    502: ("The upstream's answer can't be passed on, or it broke off.", _ID),
    503: ("The upstream can't be reached, or this proxy is stopping.", (*_ID, "RetryAfter")),
    504: ("The upstream didn't answer in time.", _ID),
    "default": ("Another status of the upstream, passed on.", (*_ID, "RetryAfter", *_LIMITS)),
}
UPSTREAM_FAILS: tuple[int | str, ...] = (500, 502, 503, 504, "default")
"""What can happen wherever the upstream is asked."""


def described(
    operation_id: str,
    success: dict[str, Any],
    *errors: int | str,
    body: str | None = None,
    is_open: bool = False,
) -> dict[str, Any]:
    """What a route's decorator is given for the document's sake.

    Args:
        operation_id: The operation's name.
        success: The answer with status 200; see `answers`.
        errors: Further statuses that it answers with.
        body: The shape of the request's body.
        is_open: Whether no key is asked for.
    """
    extra: dict[str, Any] = {"security": []} if is_open else {}
    if body is not None:
        extra["requestBody"] = {"required": True, "content": {JSON: {"schema": _shape(body)}}}
    responses = {200: success, **{status: _error(status) for status in errors}}
    return {"operation_id": operation_id, "responses": responses, "openapi_extra": extra}


def answers(
    schema: dict[str, Any] | str, *, limits: bool = False, stream: str | None = None, remembered: bool = False
) -> dict[str, Any]:
    """A success.

    Args:
        schema: Its shape, or the name of that.
        limits: Whether it is a provider's, with what is left of its limits.
        stream: The shape of its events, if it can be a stream.
        remembered: Whether it can be an old one, while LiteLLM is down.
    """
    content = {JSON: {"schema": _shape(schema) if isinstance(schema, str) else schema}}
    if stream is not None:
        content["text/event-stream"] = {"schema": _shape(stream)}
    names = (*_ID, "RetryAfter", *_LIMITS, "Fallback") if limits else _ID
    return {"content": content, "headers": _headers((*names, "Age", "Stale") if remembered else names)}


def plain_text() -> dict[str, Any]:
    """A success that is text."""
    return {"content": {"text/plain": {"schema": {"type": "string"}}}, "headers": _headers(_ID)}


def array_of(shape: str) -> dict[str, Any]:
    """A bare JSON array."""
    return {"type": "array", "items": _shape(shape)}


class DescribedFastAPI(FastAPI):
    """An application whose document also holds the shapes, the key, and HEAD beside GET."""

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if not self.openapi_schema:
            with warnings.catch_warnings():
                # GET and HEAD are one route, which has one id for both; `_name_heads` gives HEAD its own.
                warnings.filterwarnings("ignore", "Duplicate Operation ID")
                made = super().openapi()
            made["security"] = [{"bearerAuth": []}]
            made["components"] = _components()
            _name_heads(made)
        return super().openapi()


def _components() -> dict[str, Any]:
    shared = document("llm-proxy")["components"]
    own = {model.__name__: TypeAdapter(model).json_schema(mode="serialization") for model in OWN_SHAPES}
    return {**shared, "schemas": {**shared["schemas"], **own}}


def _name_heads(made: dict[str, Any]) -> None:
    """HEAD answers as GET does, without a body; what its failures have in common is said once."""
    for item in made["paths"].values():
        if "head" in item:
            head = item["head"] = {**item["head"], "operationId": f"{item['head']['operationId']}Head"}
            head["responses"] = {
                status: {"description": answer["description"], "headers": _headers(_ID)}
                for status, answer in head["responses"].items()
                if not status.startswith("5")
            }


def _error(status: int | str) -> dict[str, Any]:
    description, headers = _ERRORS[status]
    told = _headers(headers)
    if status == 401:
        told["www-authenticate"] = {"description": "The scheme to authenticate with.", "schema": {"type": "string"}}
    return {"description": description, "headers": told, "content": {JSON: {"schema": _shape("Error")}}}


def _headers(names: tuple[str, ...]) -> dict[str, Any]:
    return {_WIRE_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}


def _shape(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
