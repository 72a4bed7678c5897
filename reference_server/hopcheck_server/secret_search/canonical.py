"""The canonical form of a text: its escapes decoded, letters and digits only, in lower case.

So a secret is found also where it is wrapped, quoted, spaced out or written in capitals, and hex digits with any
separators.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

_KEPT = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_DROPPED = bytes(byte for byte in range(256) if byte not in _KEPT)
_LOWER = bytes(ord(chr(byte).lower()) if byte in _KEPT else byte for byte in range(256))
_ESCAPE_KINDS = (
    ("%", r"(?:25)*([0-9a-fA-F]{2})"),
    (r"\\", r"(?:u00|U0{6}|x)([0-9a-fA-F]{2})"),
    (r"\\", r"[ux]\{0*([0-9a-fA-F]{1,2})\}"),
    ("&", r"(?:amp;)*#[xX]0*([0-9a-fA-F]{1,2})(?![0-9a-fA-F])"),
    ("0", r"[xX]([0-9a-fA-F]{2})(?![0-9a-fA-F])"),
    (r"\\", r"([0-7]{3})"),
    ("&", r"(?:amp;)*#0*([0-9]{1,3})(?![0-9])"),
    (r"\\", r"[nrtbf]"),
    (r"\x1b", r"\[[0-9;]{0,9}m"),  # a colour of a terminal
    (r"\[", r"[0-9;]{0,9}m"),
    ("<", r"/?[A-Za-z]{1,6}>"),
    (r"\x80-\U0010ffff", ""),  # letters of other alphabets that look like ASCII's
)
"""How each begins, and how it goes on."""

_BEGINNINGS = "".join(dict.fromkeys(first for first, _ in _ESCAPE_KINDS))
_ESCAPE = f"[{_BEGINNINGS}](?:{'|'.join(f'(?<=[{first}]){rest}' for first, rest in _ESCAPE_KINDS)})"
"""It begins with one set of characters, so that a search skips what isn't in it."""

_ESCAPES = re.compile(_ESCAPE)
_MARKS = ("\\", "%", "&", "0x", "0X", "[", "<")
"""Text without any of them has no escapes."""
_TOKENS = re.compile(f"{_ESCAPE}|[A-Za-z0-9]")


def canonical_of(text: str) -> bytes:
    """The letters and digits of a text, escapes decoded, in lower case."""
    if not text.isascii() or any(mark in text for mark in _MARKS):
        known: dict[str, str] = {}  # a long text in another script has few different letters

        def decoded(match: re.Match[str]) -> str:
            return known.get(match[0]) or known.setdefault(match[0], _unescaped(match) or " ")

        text = _ESCAPES.sub(decoded, text)
    return text.encode("ascii", "ignore").translate(_LOWER, _DROPPED)


def positions_of(text: str) -> list[tuple[int, int]]:
    """Where in a text each character of its canonical form stands."""
    return [match.span() for match in _TOKENS.finditer(text) if _stands_for_one(match)]


def _stands_for_one(token: re.Match[str]) -> bool:
    """Whether a token is a letter or a digit, or an escape for one."""
    is_plain = len(token[0]) == 1 and token[0].isascii()
    return is_plain or bool(canonical_of(_unescaped(token) or token[0]))


def _unescaped(match: re.Match[str]) -> str:
    """The character that an escape stands for; "" for white space, and for what is no escape."""
    *hexadecimal, octal, decimal = match.groups()
    digits = next(filter(None, hexadecimal), None)
    if digits or octal or decimal:
        return _plain(chr(int(digits, 16) if digits else int(octal, 8) if octal else int(decimal)))
    return "" if match[0].isascii() else _plain(match[0])


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    """The one ASCII character that a letter is, or is a variant of, such as a full-width one; "" if there is none."""
    plain = normalize("NFKC", letter)
    return plain if len(plain) == 1 and plain.isascii() else ""
