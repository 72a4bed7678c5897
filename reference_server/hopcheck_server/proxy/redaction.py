"""Masks keys in errors, which may echo them.

It masks the secrets of this process, and what looks like a provider's key or a bearer header. Successful responses
aren't changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

MASK = "[redacted]"
_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[A-Za-z0-9_\-*.]{6,}|(?i:\b(?:bearer|basic)\s+)[A-Za-z0-9_\-.~+/=]{8,}")


class Redactor:
    """Masks known secrets, and texts that look like one.

    Args:
        secrets: Gives the keys of this process, which may change while it runs; empty ones are ignored.
    """

    def __init__(self, secrets: Callable[[], Iterable[str]]) -> None:
        self._secrets = secrets

    def text(self, text: str) -> str:
        """Mask the secrets in a string."""
        # Longest first: masking a key that is part of another must not leave the rest visible.
        for secret in sorted(filter(None, self._secrets()), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return _LOOKS_LIKE_A_KEY.sub(MASK, text)

    def value(self, value: Any) -> Any:
        """Mask the secrets in every string of a JSON value."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value
