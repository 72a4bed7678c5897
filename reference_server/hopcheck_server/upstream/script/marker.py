"""The string in a request's text that says which script to play, and whose attempt it is.

Written into the last user message, an embedding's input or a token array; found again in the raw body. Knows nothing
of JSON, so it finds the marker in any wire format and in bodies that no parser accepts.
"""

from __future__ import annotations

import re

_PREFIX = b"hopcheck:"
_MARKER = re.compile(rb"hopcheck:([a-z0-9_.~-]+):[0-9a-z]+")
_NAME = re.compile(r"[a-z0-9_.~-]+")
_NONCE = re.compile(r"[0-9a-z]+")

# The prefix as an array of integers. The digit check stands after the first number, so that the search starts with a
# literal, which is what makes it fast.
_FIRST = b"104"
_REST = rb"\s*,".join(rb"\s*%d" % code for code in _PREFIX[1:])
_TOKENS = re.compile(_FIRST + rb"(?<!\d104)\s*," + _REST + rb"\b[\s\d,]*")


def make(script_name: str, nonce: str) -> str:
    """Write a marker.

    Raises:
        ValueError: The name or the nonce holds a character that a marker can't.
    """
    if not _NAME.fullmatch(script_name) or not _NONCE.fullmatch(nonce):
        raise ValueError(f"no marker can be made of {script_name!r} and {nonce!r}")
    return f"hopcheck:{script_name}:{nonce}"


def find(body: bytes) -> tuple[str, str]:
    """Find the last marker in a body: (marker, script name), or ("", "")."""
    at = body.rfind(_PREFIX)
    while at >= 0:
        match = _MARKER.match(body, at)
        if match:
            return match[0].decode(), match[1].decode()
        at = body.rfind(_PREFIX, 0, at)
    return _find_in_tokens(body) if _FIRST in body else ("", "")


def _find_in_tokens(body: bytes) -> tuple[str, str]:
    last = "", ""
    for match in _TOKENS.finditer(body):
        codes = (int(code) for code in re.findall(rb"\d{1,9}", match[0]))
        text = bytes(code if code < 128 else 0 for code in codes)
        found = _MARKER.match(text)
        if found:
            last = found[0].decode(), found[1].decode()
    return last
