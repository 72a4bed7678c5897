"""The vectors of OpenAI's embeddings: one for each input, as a list of floats or as base64 of little-endian float32."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from hashlib import shake_128
from typing import Any

from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.script.turns import Embedding

DIMENSIONS = 16
"""Of vectors made from the input, unless the request asks for another number."""

MAX_DIMENSIONS = 65_536

USAGE = {"prompt_tokens": 5, "total_tokens": 5}


def render(scripted: Embedding | None, payload: Json, model: str) -> Json:
    """Render an embeddings answer's body."""
    inputs = inputs_of(payload.get("input"))
    vectors = scripted.vectors if scripted else ()
    encode = _base64 if payload.get("encoding_format") == "base64" else list
    data = []
    for index, text in enumerate(inputs):
        vector = vectors[index % len(vectors)] if vectors else vector_of(text, payload.get("dimensions"))
        data.append({"object": "embedding", "index": index, "embedding": encode(vector)})
    usage = USAGE if scripted is None else scripted.usage
    return {"object": "list", "data": data, "model": model, **({} if usage is None else {"usage": usage})}


def inputs_of(given: Any) -> list[Any]:
    """The separate inputs of a request: a text, a token array, or a list of either."""
    if not isinstance(given, list) or not given or isinstance(given[0], int):
        return [given]
    return given


def vector_of(text: Any, dimensions: Any = None) -> tuple[float, ...]:
    """A vector that depends on the input alone; its numbers are the same as float32 and in decimals."""
    size = dimensions if type(dimensions) is int and 0 < dimensions <= MAX_DIMENSIONS else DIMENSIONS
    digest = shake_128(compact(text).encode()).digest(size)
    return tuple((byte - 128) / 128 for byte in digest)


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
