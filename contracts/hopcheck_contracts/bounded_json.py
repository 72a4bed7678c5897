"""JSON that anybody may have made, read within bounds: none of it holds its reader up or breaks what reads it later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

MAX_DEPTH = 100
"""Objects and arrays within each other; deeper ones are refused, as by many JSON libraries."""

MAX_DIGITS = 1000
"""Characters of a number; converting longer ones takes time that grows with the square of their number."""

MAX_VALUES = 100_000
"""Values of a document; each takes some hundred bytes once it is read, however short it is."""

KEPT_SIZE = 16 * 1024
"""The longest text whose value is kept, in characters or bytes."""

_DIGITS = bytes(ord("0") if chr(byte) in "0123456789." else ord(" ") for byte in range(256))
_LONG_NUMBER = b"0" * MAX_DIGITS
_TEN_DIGITS = re.compile(r"[0-9.]{10}")
"""What every hundredth character of a long number makes up."""

_SURROGATES = re.compile(
    r"(?P<kept>\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""An escaped backslash (what follows is no escape), a pair, or half of one."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def loads(data: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Read JSON; an escape of half a surrogate pair becomes U+FFFD, since text with one can't be written anywhere.

    Args:
        data: The JSON, as text or in UTF-8, UTF-16 or UTF-32.
        parse_constant: As in `json.loads`.

    Raises:
        ValueError: It isn't JSON, or is beyond the bounds.
    """
    text = data if isinstance(data, str) else data.decode(json.detect_encoding(data))
    if len(text) > MAX_VALUES and has_more_values(text.encode("utf-8", "replace"), MAX_VALUES):
        raise ValueError(f"JSON with more than {MAX_VALUES} values")
    if "\\" in text and ("\\ud" in text or "\\uD" in text):
        text = _SURROGATES.sub(lambda found: found["kept"] or r"\ufffd", text)
    whole, fraction = (_refuse_long(int), _refuse_long(float)) if _has_long_number(text) else (None, None)
    try:
        value = json.loads(text, parse_constant=parse_constant, parse_int=whole, parse_float=fraction)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise ValueError(f"JSON that is nested more than {MAX_DEPTH} deep")
    return value


def has_more_values(raw: bytes | bytearray, limit: int) -> bool:
    """Whether JSON in UTF-8, or its beginning, has more values than that, at least nearly; they aren't read."""
    if len(raw) <= limit or commas_and_brackets(raw) <= limit:
        return False
    return _quotes(raw) > 4 * limit or commas_and_brackets(_without_strings(raw)) > limit


def commas_and_brackets(raw: bytes | bytearray, start: int = 0) -> int:
    """Return at least the number of values in a part of JSON, from `start` on; those in texts count as well."""
    return raw.count(b",", start) + raw.count(b"[", start) + raw.count(b"{", start)


def _quotes(raw: bytes | bytearray) -> int:
    """Return how many quotes aren't escaped: a value and its name have two each."""
    return raw.count(b'"') - raw.count(b'\\"')


def _without_strings(raw: bytes | bytearray) -> bytes:
    """Return what is outside of texts; one that has no end yet ends it."""
    return _STRING.sub(b"", raw).partition(b'"')[0]


def loads_or_none(data: str | bytes) -> Any:
    """Read JSON; None for what isn't any (see `loads`)."""
    try:
        return loads(data)
    except ValueError:
        return None


def shared_json(data: str | bytes) -> Any:
    """The same, not to be changed: the same text, read again soon after, gives the same value."""
    return _kept(data) if len(data) <= KEPT_SIZE else loads_or_none(data)


@lru_cache(maxsize=512)
def _kept(data: str | bytes) -> Any:
    return loads_or_none(data)


def _has_long_number(text: str) -> bool:
    """Whether there is one; most texts are known to have none from a hundredth of them."""
    if len(text) < MAX_DIGITS:
        return False
    seen = _TEN_DIGITS.search(text[:: MAX_DIGITS // 10])
    return seen is not None and _LONG_NUMBER in text.encode("utf-8", "replace").translate(_DIGITS)


def _refuse_long(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(digits: str) -> Any:
        if len(digits) > MAX_DIGITS:
            raise ValueError(f"a number of {len(digits)} characters")
        return kind(digits)

    return convert


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        inner = (item.values() if isinstance(item, dict) else item for item in level if isinstance(item, dict | list))
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True
