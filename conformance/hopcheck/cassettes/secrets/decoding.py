"""Decodes texts (percent encoding, JSON escapes, base64, hex, UTF-16, gzip), and joins the texts of streams."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from hopcheck_contracts.sse import EventParser

_DEPTH = 3
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_HEX = re.compile(rb"(?i)(?:[0-9a-f]{2}){12,}")
_ESCAPE = re.compile(rb"\\u00([0-9a-fA-F]{2})|\\([/\"nrt])")
_SPACES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_WINDOW = 4096
_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15, "identity": 15}
_MAX_INFLATED = 1 << 20


def decoded(text: bytes, depth: int = _DEPTH) -> Iterator[bytes]:
    """A text, and the texts in it under up to three layers of encoding."""
    yield text
    if depth:
        for inner in _once(text):
            yield from decoded(inner, depth - 1)


def _once(text: bytes) -> Iterator[bytes]:
    if b"%" in text:
        unquoted = unquote_to_bytes(text)
        if unquoted != text:
            yield unquoted
    if b"\\" in text:
        unescaped = _ESCAPE.sub(_character, text)
        if unescaped != text:
            yield unescaped
    if b"\0" in text:  # UTF-16 and UTF-32 of what has no other characters than ASCII has
        yield text.replace(b"\0", b"")
    if text[:2] == b"\x1f\x8b" or text[:1] == b"\x78":
        yield from _inflated(text)
    for token in _BASE64.findall(text):
        yield from _readable(_unbased(token[:_WINDOW]))
    for token in _HEX.findall(text):
        yield from _readable(bytes.fromhex(token[:_WINDOW].decode()[: len(token) & ~1]))


def _character(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)]) if match[1] else _SPACES.get(match[2], match[2])


def uncoded(body: bytes, codings: str) -> bytes | None:
    """A body without its content codings; None where one can't be undone here, or not all of it was."""
    for coding in reversed([name.strip().lower() for name in codings.split(",")]):
        if coding not in _WBITS:
            return None
        inflater = zlib.decompressobj(wbits=_WBITS[coding] if coding != "deflate" or body[:1] == b"\x78" else -15)
        try:
            body = inflater.decompress(body, _MAX_INFLATED) if coding != "identity" else body
        except zlib.error:
            return None
        if inflater.unconsumed_tail or inflater.unused_data:
            return None
    return body


def _inflated(text: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(wbits=47).decompress(text, 1 << 20)
    except zlib.error:
        return


def _unbased(token: bytes) -> bytes:
    plain = token.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(plain[: len(plain) - (len(plain) % 4 == 1)] + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return b""


def _readable(data: bytes) -> Iterator[bytes]:
    """The data if it is text or gzip."""
    if data[:2] == b"\x1f\x8b" or (
        data and sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in data) >= 0.9 * len(data)
    ):
        yield data


def joined_texts(body: bytes) -> bytes:
    """The strings in the events of a stream as JSON, those under the same path joined; empty for anything else."""
    if b"data:" not in body:
        return b""
    pieces: dict[str, list[str]] = {}
    for event in EventParser().feed(body):
        for path, text in _strings(event.json):
            pieces.setdefault(path, []).append(text)
    # An id that every event repeats is no text in pieces.
    joined = {path: "".join(texts if len(set(texts)) > 1 else texts[:1]) for path, texts in pieces.items()}
    return json.dumps(joined, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield path, value
        case dict():
            for key, item in value.items():
                yield from _strings(item, f"{path}.{key}")
        case list():
            for place, item in enumerate(value):
                index = item.get("index", place) if isinstance(item, dict) else place
                yield from _strings(item, f"{path}[{index}]")
