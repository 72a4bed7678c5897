"""Detects high-entropy strings, which are likely secrets, among words and ids."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

SEGMENT_LENGTH = 16
"""The least length of letters and digits in a row that are examined."""

_TOKEN = re.compile(rb"[A-Za-z0-9+/=_\-]{16,}")
_ALNUM = re.compile(rb"[A-Za-z0-9]+")
_MIN_BITS = 3.2
_MIN_CHANGES = 4
_LONG, _LONG_BITS = 32, 4.3

# Ids by their form, W3C trace contexts, and what is random by nature: files in base64 (by the data URL, or the first
# bytes of WAV, PNG, JPEG, GIF, PDF, ZIP, MP3, Ogg), vectors, signatures of reasoning.
_IDS = re.compile(
    rb"(?<![A-Za-z0-9])(?:"
    rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
    rb"|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
    rb"|(?:chatcmpl|cmpl|call|msg|resp|req|fp|gen|toolu|file|run|embd|modr|batch|rs|ws|ctc|tool)[-_][A-Za-z0-9]{4,40}"
    rb"|fc_[A-Za-z0-9]{4,40}"  # and no fc-, with which keys begin
    rb")(?![A-Za-z0-9])"
)
_DATA_URL = re.compile(rb"data:[a-z]+/[\w.+\-]+;base64,[A-Za-z0-9+/=_\-]+")
_FILE = re.compile(rb"(?<![A-Za-z0-9+/])(?:UklGR|iVBORw0KGg|/9j/4|R0lGOD|JVBERi|UEsDB|SUQz|T2dnU)[A-Za-z0-9+/=_\-]+")
_RANDOM_BY_NATURE = re.compile(
    rb'"(?:embedding|b64_json|encrypted_content|thought_signature)"\s*:\s*"[A-Za-z0-9+/=_\-]{48,}"'
)


def ids_left_out(text: bytes) -> bytes:
    """A text without ids, and without data that is random by nature."""
    for pattern in (_DATA_URL, _FILE, _RANDOM_BY_NATURE, _IDS):
        text = pattern.sub(b" ", text)
    return text


def random_token(text: bytes) -> bool:
    """Whether a text holds something that looks like a key of unknown form."""
    return any(_is_random(token) for token in _TOKEN.findall(text))


def _is_random(token: bytes) -> bool:
    return any(map(_is_random_segment, _ALNUM.findall(token))) or (
        len(token) >= _LONG and {"A", "a", "0"} <= set(map(_kind, token)) and bits(token) >= _LONG_BITS
    )


def _is_random_segment(one: bytes) -> bool:
    one = one.rstrip(b"0123456789")  # a name may end with a number
    if len(one) < SEGMENT_LENGTH or bits(one) < _MIN_BITS:
        return False
    digits, changes = sum(_kind(byte) == "0" for byte in one), _changes(one)
    if digits > 1:
        return digits < len(one) and changes >= _MIN_CHANGES
    # Names in code are letters, too; but their words are longer, and so they change less often and repeat more.
    often = changes / len(one)
    return len(one) >= _LONG and (often > 0.35 or (often > 0.15 and bits(one) > 4.45))


def bits(token: bytes) -> float:
    """Shannon's entropy of a token's characters, in bits per character."""
    counts = Counter(token)
    return -sum(count / len(token) * math.log2(count / len(token)) for count in counts.values())


def _changes(token: bytes) -> int:
    """How often the kind of character changes: lower-case letter, capital letter, digit."""
    kinds = [_kind(byte) for byte in token]
    return sum(one != two for one, two in pairwise(kinds))


def _kind(byte: int) -> str:
    if 48 <= byte <= 57:
        return "0"
    if 65 <= byte <= 90:
        return "A"
    return "a" if 97 <= byte <= 122 else "-"
