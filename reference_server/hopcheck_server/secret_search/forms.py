"""The forms in which a secret may stand in a text, and which parts of them must not be shown."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from hopcheck_server.secret_search.canonical import canonical_of, positions_of

PART_CHARACTERS = 8
"""This many characters of a secret in a row, or more, are a part of it that must not be shown."""

_BASE85_PART = 15
"""Characters of base85 that hold eight of a secret wherever they begin; about five are no letters or digits."""

GRAM = 4
"""The length of the short texts by which a form is found."""

_WORD = re.compile(r"(?<![^\W_])[a-z]+(?![^\W_])")
"""Between two separators of a secret: `provider` in `sk-provider-7Hq2`."""


@dataclass(frozen=True, slots=True)
class SecretForm:
    """One way to write a secret.

    Attributes:
        written: As it is written.
        canonical: Its letters and digits, in lower case.
        places: Where each of them is in `written`.
        least: How many characters of `written` are a part that must not be shown.
    """

    written: str
    canonical: bytes
    places: tuple[int, ...]
    least: int

    @classmethod
    def of(cls, written: str, least: int) -> SecretForm:
        """Make one."""
        return cls(written, canonical_of(written), tuple(start for start, _ in positions_of(written)), least)

    def grams(self) -> Iterator[tuple[bytes, int]]:
        """Short texts with their places in `canonical`: every part holds at least one of them."""
        stride = max(1, self._shortest() - GRAM + 1)
        for place in range(0, len(self.canonical) - GRAM + 1, stride):
            yield self.canonical[place : place + GRAM], place

    def _shortest(self) -> int:
        """The least number of letters and digits that a part has."""
        starts = range(max(1, len(self.written) - self.least + 1))
        return min(sum(start <= place < start + self.least for place in self.places) for start in starts)

    def is_part(self, start: int, end: int, *, least_own: int, at_edge: bool) -> bool:
        """Whether these letters and digits of it must not be shown.

        Words are no part, such as the `provider` of a key that is `sk-my-provider-7Hq2`, unless they are two thirds of
        it, or stand at an edge, where a key was cut short. With them are at least `least_own` others.
        """
        # With what stands between them and their neighbours, which may be there as well.
        first = self.places[start - 1] + 1 if start else 0
        last = self.places[end] if end < len(self.places) else len(self.written)
        length = last - first
        return length >= self.least and (
            at_edge or self._own(start, end) >= least_own or 3 * length >= 2 * len(self.written)
        )

    def _own(self, start: int, end: int) -> int:
        """How many of these letters and digits belong to no word."""
        words = [word.span() for word in _WORD.finditer(self.written)]
        return sum(not any(begin <= place < stop for begin, stop in words) for place in self.places[start:end])


def forms_of(secret: str) -> Iterator[SecretForm]:
    """The forms of a secret: as it is, reversed, rotated by 13 letters, in hex, as numbers, in base32, 64 or 85.

    In base64 it may be in UTF-16, after other bytes, reversed, or in base64 or hex once more.
    """
    for text in (secret, secret[::-1], codecs.encode(secret, "rot13")):
        yield SecretForm.of(text, PART_CHARACTERS)
    raw, wide = secret.encode("utf-8", "surrogatepass"), secret.encode("utf-16-le", "surrogatepass")
    yield SecretForm.of(raw.hex(), 2 * PART_CHARACTERS)
    yield SecretForm.of(raw.hex()[::-1], 2 * PART_CHARACTERS)
    yield SecretForm.of(raw.hex().encode().hex(), 4 * PART_CHARACTERS)
    yield SecretForm.of(wide.hex(), 4 * PART_CHARACTERS)
    yield SecretForm.of(",".join(map(str, raw)), 3 * PART_CHARACTERS)
    yield SecretForm.of(base64.b32encode(raw).decode().rstrip("="), 13)
    yield SecretForm.of(base64.a85encode(raw).decode(), _BASE85_PART)
    yield SecretForm.of(base64.b85encode(raw).decode(), _BASE85_PART)
    coded = _base64_after(raw, 0).encode()
    yield SecretForm.of(coded.hex(), 22)
    yield SecretForm.of(_base64_after(coded, 0), 15)
    for data, least in ((raw, 11), (wide, 22), (raw[::-1], 11)):
        for before in range(3):
            yield SecretForm.of(_base64_after(data, before), least)


@lru_cache(maxsize=256)
def grams_of(secret: str) -> tuple[tuple[bytes, int, SecretForm], ...]:
    """The short texts by which a secret's forms are found, each with its place in one of them."""
    return tuple((gram, place, form) for form in forms_of(secret) for gram, place in form.grams())


@lru_cache(maxsize=256)
def written_forms(secret: str) -> tuple[str, ...]:
    """How a secret is written as a whole, in each of its forms."""
    return tuple(form.written for form in forms_of(secret)) if len(secret) >= PART_CHARACTERS else (secret,)


def _base64_after(data: bytes, before: int) -> str:
    """The base64 of data that follows other bytes, as far as it doesn't depend on those."""
    encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
    return encoded[(0, 2, 3)[before] : len(encoded) - ((before + len(data)) % 3 > 0)]
