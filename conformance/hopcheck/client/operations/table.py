"""All operations, in the order in which cases are run on them, and the groups that cases name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hopcheck.client.operations.chat import CHAT, CHAT_STREAM
from hopcheck.client.operations.embeddings import EMBEDDINGS
from hopcheck.client.operations.kind import OperationKind
from hopcheck.client.operations.messages import COUNT_TOKENS, MESSAGES, MESSAGES_STREAM
from hopcheck.client.operations.models import MODELS
from hopcheck.client.operations.responses_api import RESPONSES, RESPONSES_STREAM

_KINDS = (
    CHAT,
    CHAT_STREAM,
    EMBEDDINGS,
    MODELS,
    MESSAGES,
    MESSAGES_STREAM,
    COUNT_TOKENS,
    RESPONSES,
    RESPONSES_STREAM,
)

OPERATIONS: Mapping[str, OperationKind] = {kind.name: kind for kind in _KINDS}
"""Every operation, by name."""


def _on(*surfaces: str) -> tuple[str, ...]:
    """The operations of these surfaces in which a model writes the response."""
    return tuple(name for name, kind in OPERATIONS.items() if kind.generates and kind.surface in surfaces)


ON_CHAT = _on("openai")
"""Chat completions, whole and streamed."""

ON_MESSAGES = _on("messages")
"""Anthropic's Messages, whole and streamed."""

ON_RESPONSES = _on("responses")
"""OpenAI's Responses, whole and streamed."""

GENERATING = tuple(name for name, kind in OPERATIONS.items() if kind.generates)
"""Those of all surfaces: a model writes the response."""

STREAMED = tuple(name for name, kind in OPERATIONS.items() if kind.streams)
"""Those whose response is a stream."""

FORWARDED = (*GENERATING, "embeddings")
"""Those and embeddings: what a provider answers and cases compare."""

ANSWERED = tuple(name for name, kind in OPERATIONS.items() if kind.forwarded)
"""Those and counts of tokens: all that a provider answers."""

OF_OPENAI = (*ON_CHAT, *ON_RESPONSES, "embeddings")
"""Those of OpenAI's APIs, whose errors have a code and a parameter."""

ALL = (*FORWARDED, "models")
"""What a provider answers and cases compare, and the list of models."""

OF_PROVIDERS = frozenset({*ON_CHAT, "embeddings"})
"""What is asked of the models of a provider that speaks another dialect than OpenAI's."""

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
