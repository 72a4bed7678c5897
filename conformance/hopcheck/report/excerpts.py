"""Make what a case saw fit for a report: plain JSON, of bounded size, with the interesting part kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from hopcheck_server.redaction import SecretRedactor

BODY_LIMIT = 4096
"""Bytes of a body, an event or a compared value that a report keeps."""

EVENTS_HEAD, EVENTS_TAIL = 120, 30
"""Events of a stream that a report keeps, from its beginning and its end."""

EXCHANGES_LIMIT = 48
"""Exchanges of one case that a report keeps, of both sides together."""

_CONTEXT = 200  # characters kept before the first difference of two long values


def jsonable(value: Any) -> Any:
    """The value as JSON has it: bytes as text with escapes, tuples and sets as arrays, all else by its `repr`."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return value.encode("utf-8", "backslashreplace").decode()  # lone surrogates have no UTF-8
        case float():
            return value if math.isfinite(value) else repr(value)
        case bytes() | bytearray():
            return bytes(value).decode("utf-8", "backslashreplace")
        case Mapping():
            return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted((jsonable(item) for item in value), key=repr)
        case Iterable():
            return [jsonable(item) for item in value]
        case _:
            return repr(value)


def cut(text: str, limit: int = BODY_LIMIT) -> str:
    """The first `limit` bytes of a text, whole characters only."""
    raw = text.encode()
    return text if len(raw) <= limit else raw[:limit].decode(errors="ignore")


def cut_pair(expected: Any, actual: Any, redactor: SecretRedactor, limit: int = BODY_LIMIT) -> tuple[Any, Any]:
    """Two compared values as JSON, without secrets; where one is too long, both as text around their difference."""
    expected, actual = redactor.value(jsonable(expected)), redactor.value(jsonable(actual))
    if max(_size(expected), _size(actual)) <= limit:
        return expected, actual
    texts = as_text(expected), as_text(actual)
    start = max(0, first_difference(*texts) - _CONTEXT)
    return window(texts[0], start, limit), window(texts[1], start, limit)


def as_text(value: Any) -> str:
    """A string as it is; all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def first_difference(left: str, right: str) -> int:
    """How many characters two texts have in common at their beginning."""
    shorter = min(len(left), len(right))
    return next((place for place in range(shorter) if left[place] != right[place]), shorter)


def window(text: str, start: int, limit: int) -> str:
    """A part of a text, saying how many characters were left out on each side."""
    part = cut(text[start:], limit)
    after = len(text) - start - len(part)
    before_note = f"[{start} characters] …" if start else ""
    return before_note + part + (f"… [{after} characters]" if after > 0 else "")


def exchange_excerpt(exchange: Mapping[str, Any], redactor: SecretRedactor) -> dict[str, Any]:
    """An exchange in the report's shape, without secrets, and then with bodies and events cut.

    Args:
        exchange: `side`, `at`, `request`, `response` (or None), `events`; bodies and event data as text or bytes, a
            body's full size in `body_bytes` where it has been cut already; times in seconds since the case began.
        redactor: Knows the secrets.
    """
    plain = redactor.exchange(jsonable(exchange))
    events = [{"at": event["at"], "data": cut(event["data"])} for event in plain.get("events", ())]
    left_out = max(0, len(events) - EVENTS_HEAD - EVENTS_TAIL)
    return {
        "side": plain["side"],
        "exchange": plain.get("exchange"),
        "failing": plain.get("failing", False),
        "at": plain["at"],
        "request": _message(plain["request"], ("method", "url")),
        "response": _message(plain["response"], ("status", "at", "ended", "ended_at"))
        if plain.get("response")
        else None,
        "events": events[:EVENTS_HEAD] + events[len(events) - EVENTS_TAIL :] if left_out else events,
        "events_left_out": left_out,
    }


def _message(message: Mapping[str, Any], own: tuple[str, ...]) -> dict[str, Any]:
    body = message.get("body") or ""
    return {
        **{name: message.get(name) for name in own},
        "headers": [[str(name), str(value)] for name, value in message.get("headers", ())],
        "body": cut(body),
        "body_bytes": message.get("body_bytes", len(body.encode())),
    }


def _size(value: Any) -> int:
    return len(as_text(value).encode())
