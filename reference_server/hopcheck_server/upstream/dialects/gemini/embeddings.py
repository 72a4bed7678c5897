"""Gemini's vectors: one for a request, or one for each of a batch."""

from __future__ import annotations

from typing import Any

from hopcheck_server.upstream.dialects.gemini.requests import member, object_member
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_embeddings.vectors import vector_of
from hopcheck_server.upstream.dialects.provider_request import objects
from hopcheck_server.upstream.script.turns import Embedding


def render(scripted: Embedding | None, payload: Json) -> Json:
    """The body for a single request, or for a batch."""
    if "requests" not in payload:
        return {"embedding": _embedding(scripted, payload, 0)}
    batch = objects(payload["requests"])
    return {"embeddings": [_embedding(scripted, request, index) for index, request in enumerate(batch)]}


def _embedding(scripted: Embedding | None, request: Json, index: int) -> Json:
    vectors = scripted.vectors if scripted else ()
    if vectors:
        return {"values": list(vectors[index % len(vectors)])}
    return {"values": list(vector_of(text_of(request), member(request, "outputDimensionality")))}


def text_of(request: Json) -> str:
    """The text that a request asks a vector of."""
    parts: list[Any] = objects(object_member(request, "content").get("parts"))
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
