"""The forms in which a secret may stand in a text, and the search for them and for their parts.

A text is searched in its *canonical* form: escapes decoded, letters and digits only, in lower case. So a secret is
found also where it is wrapped, quoted, spaced out or written in capitals, and hex digits with any separators.
"""

from __future__ import annotations

import base64
import codecs
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from unicodedata import normalize

PART_CHARACTERS = 8
"""This many characters of a secret in a row, or more, are a part of it that must not be shown."""

CUT_CHARACTERS = 40
"""A text of that length may have been cut, so that a secret at its end is one cut short."""

_BASE85_PART = 15
"""Characters of base85 that hold eight of a secret wherever they begin; about five are no letters or digits."""

_GRAM = 4
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
        stride = max(1, self._shortest() - _GRAM + 1)
        for place in range(0, len(self.canonical) - _GRAM + 1, stride):
            yield self.canonical[place : place + _GRAM], place

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
def _grams_of(secret: str) -> tuple[tuple[bytes, int, SecretForm], ...]:
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


class SecretSearch:
    """Finds secrets and parts of them in texts.

    Args:
        secrets: Those that are known.
        least_own: How many letters and digits of a part belong to no word: what blames somebody wants more of them than
            what only hides a text, since one next to a word may be there by chance.
    """

    def __init__(self, secrets: Iterable[str], least_own: int = 1) -> None:
        self._least_own = least_own
        known = {secret for secret in secrets if len(secret) >= PART_CHARACTERS}
        self._grams: dict[int, list[tuple[bytes, int, SecretForm]]] = {}
        for gram, place, form in (found for secret in sorted(known) for found in _grams_of(secret)):
            self._grams.setdefault(int.from_bytes(gram, sys.byteorder), []).append((gram, place, form))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The places in a text that must not be shown, in order, apart from each other."""
        found: list[tuple[int, int]] = []
        at, segments = 0, text.split("…")
        for number, segment in enumerate(segments):
            is_cut = number < len(segments) - 1 or len(text) >= CUT_CHARACTERS
            found += ((at + start, at + end) for start, end in self._of_segment(segment, number > 0, is_cut))
            at += len(segment) + 1
        return found

    def _of_segment(self, text: str, continues: bool, is_cut: bool) -> list[tuple[int, int]]:
        canonical = canonical_of(text)
        runs = sorted(
            (run.at, run.end)
            for run in self._runs(canonical)
            if run.is_part(
                self._least_own, at_edge=(is_cut and run.is_cut_short(canonical)) or (continues and run.is_rest())
            )
        )
        if not runs:
            return []
        positions = positions_of(text)
        return list(_joined((positions[start][0], positions[end - 1][1]) for start, end in runs))

    def _runs(self, canonical: bytes) -> Iterator[_Run]:
        found: dict[tuple[int, int], _Run] = {}  # the last one of a form, by where the form would begin
        for gram, place, form in self._met(canonical):
            at = canonical.find(gram)
            while at >= 0:
                run = found.get((id(form), at - place))
                if run is None or not run.at <= at < run.end:
                    run = found[id(form), at - place] = _Run.around(canonical, at, form, place)
                    yield run
                at = canonical.find(gram, max(at + 1, run.end - _GRAM + 1))

    def _met(self, canonical: bytes) -> Iterator[tuple[bytes, int, SecretForm]]:
        """The grams that stand in a text; all of them are looked for at once, as numbers of one machine word."""
        whole = memoryview(canonical)
        words = (whole[at : at + (len(whole) - at) // _GRAM * _GRAM].cast("I") for at in range(_GRAM))
        return chain.from_iterable(self._grams[word] for word in self._grams.keys() & chain.from_iterable(words))


class _Run(NamedTuple):
    """Characters of a canonical text, from `at` to `end`, that are those of a form from `start` on."""

    form: SecretForm
    at: int
    end: int
    start: int

    @classmethod
    def around(cls, text: bytes, at: int, form: SecretForm, place: int) -> _Run:
        """The longest one around a character that is the form's at that place."""
        own, start, end = form.canonical, place, place
        while start and at - place + start and own[start - 1] == text[at - place + start - 1]:
            start -= 1
        while end < len(own) and at - place + end < len(text) and own[end] == text[at - place + end]:
            end += 1
        return cls(form, at - place + start, at - place + end, start)

    def is_part(self, least_own: int, *, at_edge: bool) -> bool:
        return self.form.is_part(self.start, self.start + self.end - self.at, least_own=least_own, at_edge=at_edge)

    def is_cut_short(self, text: bytes) -> bool:
        """Whether it is a beginning of the form, at the text's end."""
        return self.start == 0 and self.end == len(text)

    def is_rest(self) -> bool:
        """Whether it is an end of the form, at the text's beginning."""
        return self.at == 0 and self.start + self.end == len(self.form.canonical)


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The spans, those that touch each other joined."""
    last: tuple[int, int] | None = None
    for start, end in spans:
        if last is not None and start <= last[1]:
            last = last[0], max(last[1], end)
            continue
        if last is not None:
            yield last
        last = start, end
    if last is not None:
        yield last
