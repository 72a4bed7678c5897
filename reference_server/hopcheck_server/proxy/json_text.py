"""Changes one top-level member of a JSON object's text and leaves every other byte as it was.

A body that is parsed and written again loses number formats and escapes; what a proxy has to add is put in as text.
"""

from __future__ import annotations

import json
from typing import Any

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder()


def encode(value: Any) -> bytes:
    """A JSON value as compact UTF-8; a lone surrogate, which UTF-8 can't hold, makes everything ASCII escapes."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def insert_member(raw: bytes, name: str, value: Any) -> bytes:
    """Put `"name":value` in front of the first member of the object in `raw` (valid JSON, UTF-8)."""
    start = raw.index(b"{") + 1
    rest = raw[start:]
    comma = b"" if rest.lstrip().startswith(b"}") else b","
    return raw[:start] + encode(name) + b":" + encode(value) + comma + rest


def replace_member(raw: bytes, name: str, value: Any) -> bytes:
    """Give every top-level member called `name` the value `value`."""
    text = raw.decode()
    for start, end in reversed(_value_spans(text, name)):
        text = text[:start] + encode(value).decode() + text[end:]
    return text.encode()


def _skip_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _value_spans(text: str, name: str) -> list[tuple[int, int]]:
    """Where the values of the top-level members called `name` begin and end."""
    spans = []
    at = _skip_space(text, text.index("{") + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)
        at = _DECODER.raw_decode(text, start)[1]
        if key == name:
            spans.append((start, at))
        at = _skip_space(text, at)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return spans
