"""What a mock says, and how it counts: a word is a token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

TEXT = "Mock LLM response"
STREAM_TEXT = "Mock LLM streaming response"


def stream_pieces() -> list[str]:
    """Return the words of a stream, each but the first with its space."""
    first, *others = STREAM_TEXT.split(" ")
    return [first, *(f" {word}" for word in others)]


def words_in(value: Any) -> int:
    """Count words of a text, or parts of a list."""
    if isinstance(value, str):
        return len(value.split())
    return len(value) if isinstance(value, list) else 0


def words_of(messages: Iterable[Any]) -> int:
    """Count the words of messages, or of items of an input."""
    return sum(words_in(message.get("content")) for message in messages if isinstance(message, dict))
