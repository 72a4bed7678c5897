"""What faults of several relays share: which surface a request is on, and edits of all that is written on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from hopcheck import IncomingRequest

EMBEDDINGS = "/v1/embeddings"
MESSAGES = "/v1/messages"
COUNTS = "/v1/messages/count_tokens"
CHAT = "/v1/chat/completions"

Json = dict[str, Any]


def objects(value: Any) -> Iterator[Json]:
    """Every object in a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
        for inner in list(value.values()):
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A JSON value with every text and number of it changed."""
    if isinstance(value, dict):
        return {name: mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [mapped(inner, change) for inner in value]
    return change(value)


def texts(change: Callable[[str], str]) -> Callable[[Any], Any]:
    """A change of texts alone, for `mapped`."""
    return lambda value: change(value) if isinstance(value, str) else value


def is_chat(incoming: IncomingRequest) -> bool:
    """Whether a request is for a chat completion."""
    return incoming.path == CHAT
