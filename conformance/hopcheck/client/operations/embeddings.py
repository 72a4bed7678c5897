"""Embeddings of texts or token arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.bodies import EMBEDDINGS_PATH, embedding_body
from hopcheck.client.config import Models
from hopcheck.client.operations.kind import NotExpressible, OperationKind, unless_declared

_FIELDS = frozenset({"model", "input", "text", "dimensions", "encoding_format", "user"})


def _body(models: Models, marker: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    beyond = sorted(fields.keys() - _FIELDS)
    if beyond:
        raise NotExpressible(f"an embeddings request has no {', '.join(beyond)}")
    asked = dict(fields)
    given = asked.pop("input", asked.pop("text", "hello"))
    return embedding_body(models.embedding, marker, given, asked)


EMBEDDINGS = OperationKind(
    name="embeddings",
    method="POST",
    path=EMBEDDINGS_PATH,
    body=_body,
    matches=lambda _, path, __: path.endswith(EMBEDDINGS_PATH),
    why_not_offered=unless_declared("embeddings"),
)
