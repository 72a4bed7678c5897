"""Take secrets out of what is written down: the keys that are known, and nothing that only looks like one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from hopcheck.client.config import SECRET_CHARACTERS, TargetConfig

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(r"(authorization|cookie|(^|[-_])[a-z]*(key|token))$")
"""Of headers whose values are secrets: `x-api-key` and `x-goog-apikey`, but not `x-portkey-provider`."""


def secrets_of(target: TargetConfig, more: Iterable[str] = ()) -> tuple[str, ...]:
    """The secrets of a run: the clients' keys, the values of variables and of headers that carry keys.

    Values shorter than eight characters are none, the clients' keys apart.

    Args:
        target: The target.
        more: Other keys, such as the provider's.
    """
    long = (value for value in (*target.variables.values(), *_in_headers(target.headers), *more))
    return (target.api_key, target.second_api_key, *(one for one in long if len(one) >= SECRET_CHARACTERS))


def _in_headers(headers: Mapping[str, str]) -> Iterator[str]:
    for name, value in headers.items():
        if name.lower() == "cookie":
            yield from (pair.partition("=")[2].strip() for pair in value.split(";"))
        elif _SECRET_NAME.search(name.lower()):
            yield value.rpartition(" ")[2]  # without `Bearer`


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret in a text, also quoted for a URL, escaped for JSON, or cut short before a "…".

    Args:
        text: What is to be written.
        secrets: Keys; empty ones are passed over.
    """
    forms = _forms(tuple(secrets))
    for form in forms:
        text = text.replace(form, REDACTED)
    *cut_short, last = text.split("…")
    return "…".join([*(_without_beginning(part, forms) for part in cut_short), last])


def _without_beginning(text: str, forms: Iterable[str]) -> str:
    """A text that may end with the beginning of a secret."""
    for form in forms:
        for size in range(len(form) - 1, SECRET_CHARACTERS - 1, -1):
            if text.endswith(form[:size]):
                return text[:-size] + REDACTED
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
