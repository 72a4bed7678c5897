"""The search for secrets in texts: for all of them, in all their forms, and for parts of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from hopcheck_server.secret_search.canonical import canonical_of, positions_of
from hopcheck_server.secret_search.forms import GRAM, PART_CHARACTERS, SecretForm, grams_of

CUT_CHARACTERS = 40
"""A text of that length may have been cut, so that a secret at its end is one cut short."""


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
        for gram, place, form in (found for secret in sorted(known) for found in grams_of(secret)):
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
                at = canonical.find(gram, max(at + 1, run.end - GRAM + 1))

    def _met(self, canonical: bytes) -> Iterator[tuple[bytes, int, SecretForm]]:
        """The grams that stand in a text; all of them are looked for at once, as numbers of one machine word."""
        whole = memoryview(canonical)
        words = (whole[at : at + (len(whole) - at) // GRAM * GRAM].cast("I") for at in range(GRAM))
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
