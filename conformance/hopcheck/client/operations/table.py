"""All operations, in the order in which cases are run on them, and the groups that cases name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.operations.chat import CHAT, CHAT_STREAM
from hopcheck.client.operations.embeddings import EMBEDDINGS
from hopcheck.client.operations.kind import OperationKind
from hopcheck.client.operations.models import MODELS

OPERATIONS: Mapping[str, OperationKind] = {kind.name: kind for kind in (CHAT, CHAT_STREAM, EMBEDDINGS, MODELS)}
"""Every operation, by name."""

GENERATING = tuple(name for name, kind in OPERATIONS.items() if kind.generates)
"""The operations in which a model writes the response."""

FORWARDED = tuple(name for name, kind in OPERATIONS.items() if kind.forwarded)
"""The operations that a provider answers."""

ALL = tuple(OPERATIONS)
"""Every operation."""

OTHER = "other"
"""Of requests that belong to no operation: health checks, unknown paths."""


def operation_of(method: str, path: str, body: Any) -> str:
    """The operation of a request.

    Args:
        method: Its HTTP method.
        path: Its path, with any prefix and query.
        body: Its JSON body, parsed; None if it has none.

    Returns:
        The name of an operation, or `other`.
    """
    plain = path.partition("?")[0].rstrip("/")
    return next((name for name, kind in OPERATIONS.items() if kind.matches(method, plain, body)), OTHER)
