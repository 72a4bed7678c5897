"""Take secrets out of what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

REDACTED = "[redacted]"


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text, also where it stands quoted for a URL or escaped for JSON.

    Args:
        text: What is to be written.
        secrets: Keys; empty ones are passed over.
    """
    for form in sorted(_forms(secrets), key=len, reverse=True):  # a key may begin with another key
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


def _forms(secrets: Iterable[str]) -> set[str]:
    given = [secret for secret in secrets if secret]
    return {form for secret in given for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])}
