"""Embeddings of a mock: each depends on its input alone."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import Any

from hopcheck_server.proxy.adapters.base import Call
from hopcheck_server.proxy.adapters.mock.words import words_in
from hopcheck_server.proxy.errors import bad_request

DIMENSIONS = 8
MAX_NUMBERS = 1_000_000
"""In all vectors of a response, so that no request can exhaust the memory."""


def embedding_list(call: Call) -> dict[str, Any]:
    """Answer each input with a vector that depends on it alone."""
    body = call.whole_body()
    inputs = _inputs(body["input"])
    as_text = body.get("encoding_format") == "base64"
    size = _dimensions(body.get("dimensions"), len(inputs))
    data = [
        {"object": "embedding", "index": index, "embedding": _embedding(item, size, as_text)}
        for index, item in enumerate(inputs)
    ]
    tokens = sum(words_in(item) for item in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": call.model, "usage": usage}


def _dimensions(value: Any, vectors: int) -> int:
    """Return the length of each vector."""
    if value is None:
        return DIMENSIONS
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if not is_whole or not 0 < value <= MAX_NUMBERS // vectors:
        mistake = f"'dimensions' must be an integer from 1 to {MAX_NUMBERS // vectors} here."
        raise bad_request(mistake, "dimensions", "invalid_value")
    return int(value)


def _inputs(value: Any) -> list[Any]:
    """List the inputs of an embeddings request; a list of integers is one input."""
    return [value] if isinstance(value, str) or isinstance(value[0], int) else list(value)


def _embedding(item: Any, size: int, as_text: bool) -> list[float] | str:
    """Derive a vector from the input's digest, with values between -1 and 1 that a float32 holds exactly."""
    digest = hashlib.shake_256(json.dumps(item).encode()).digest(size)
    vector = [(byte - 128) / 128 for byte in digest]
    return base64.b64encode(struct.pack(f"<{size}f", *vector)).decode() if as_text else vector
