"""The order of keys: recordings are found whatever it is, but what arrives at a provider has that of the request."""

from __future__ import annotations

import json
from typing import Any


def in_order_of(body: bytes, asked: bytes, recorded: bytes) -> bytes:
    """What LiteLLM made of a recorded request, if now the same was asked with its keys in another order.

    Args:
        body: What LiteLLM sent to the provider.
        asked: The request of now.
        recorded: The request of then.
    """
    try:
        made, now, then = (json.loads(text) for text in (body, asked, recorded))
    except (ValueError, RecursionError):
        return body
    if json.dumps(now) == json.dumps(then):
        return body
    return json.dumps(_like(made, now), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _like(value: Any, model: Any) -> Any:
    """A value with its keys in a model's order; those that the model doesn't have come after."""
    if isinstance(value, dict) and isinstance(model, dict):
        order = [key for key in model if key in value] + [key for key in value if key not in model]
        return {key: _like(value[key], model.get(key)) for key in order}
    if isinstance(value, list) and isinstance(model, list) and len(value) == len(model):
        return [_like(one, other) for one, other in zip(value, model, strict=True)]
    return value
