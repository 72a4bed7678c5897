"""Take secrets out of what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import quote

REDACTED = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text, also where it stands quoted for a URL or escaped for JSON.

    Args:
        text: What is to be written.
        secrets: Keys; empty ones are passed over.
    """
    for form in _forms(tuple(secrets)):
        text = text.replace(form, REDACTED)
    return text


def redacted(value: Any, secrets: Iterable[str]) -> Any:
    """The same JSON value with every secret in its strings and keys replaced."""
    known = tuple(secrets)
    match value:
        case str():
            return redact(value, known)
        case dict():
            return {redact(key, known): redacted(item, known) for key, item in value.items()}
        case list():
            return [redacted(item, known) for item in value]
        case _:
            return value


@lru_cache(maxsize=8)  # a report asks for the same ones a hundred thousand times
def _forms(secrets: tuple[str, ...]) -> list[str]:
    """Every way in which they may be written, the longest first: a key may begin with another key."""
    given = [secret for secret in secrets if secret]
    forms = {form for secret in given for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
    return sorted(forms, key=len, reverse=True)
