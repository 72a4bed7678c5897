"""Requests to OpenAI's endpoints: their paths, and what is refused of them."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.dialect import Refusal, is_unknown
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.request import DialectRequest
from hopcheck_server.upstream.script.error_story import ErrorStory

PREFIXES = ("/v1", "", "/openai/v1")
"""What stands before an endpoint's own path."""


def error_body(error: ErrorStory) -> Json:
    """OpenAI's error object."""
    return {"error": error.fields}


def unknown_model(model: str) -> Refusal:
    """What is answered to a request for a model that doesn't exist."""
    return 404, ErrorStory(message=f"The model '{model}' does not exist", param="model", code="model_not_found")


def refused_model(request: DialectRequest) -> Refusal | None:
    """What is answered to a request that names no model, or one that doesn't exist."""
    if not request.model:
        return 400, ErrorStory(message="You must provide a model parameter.", param="model")
    return unknown_model(request.model) if is_unknown(request.model) else None


def missing(request: DialectRequest, field: str, types: tuple[type, ...]) -> Refusal | None:
    """What is answered to a request with nothing to work on."""
    value = request.payload and request.payload.get(field)
    if isinstance(value, types) and value:
        return None
    return 400, ErrorStory(message=f"'{field}' is missing, empty or of the wrong type.", param=field)
