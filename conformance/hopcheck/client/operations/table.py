"""All operations, in the order in which cases are run on them, and the groups that cases name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.operations.chat import CHAT, CHAT_STREAM
from hopcheck.client.operations.embeddings import EMBEDDINGS
from hopcheck.client.operations.kind import OperationKind
from hopcheck.client.operations.messages import COUNT_TOKENS, MESSAGES, MESSAGES_STREAM
from hopcheck.client.operations.models import MODELS

_KINDS = (CHAT, CHAT_STREAM, EMBEDDINGS, MODELS, MESSAGES, MESSAGES_STREAM, COUNT_TOKENS)

OPERATIONS: Mapping[str, OperationKind] = {kind.name: kind for kind in _KINDS}
"""Every operation, by name."""

_OPENAI = {name: kind for name, kind in OPERATIONS.items() if kind.surface == "openai"}

GENERATING = tuple(name for name, kind in _OPENAI.items() if kind.generates)
"""The chat operations, in which a model writes the response."""

FORWARDED = tuple(name for name, kind in _OPENAI.items() if kind.forwarded)
"""Those and embeddings: what a provider answers."""

ALL = tuple(_OPENAI)
"""Those and the list of models."""

OF_PROVIDERS = frozenset({"chat", "chat.stream", "embeddings"})
"""What is asked of the models of a provider that speaks another dialect than OpenAI's."""

ON_MESSAGES = tuple(name for name, kind in OPERATIONS.items() if kind.surface == "messages" and kind.generates)
"""The operations of Anthropic's Messages in which a model writes the response."""

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
