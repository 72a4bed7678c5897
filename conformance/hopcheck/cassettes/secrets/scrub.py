"""Removes from traffic what must not be stored and what varies between recordings, and adjusts the frames' sizes.

Known secrets and keys of known forms become `[redacted]`, addresses and folders of this machine become fixed ones.
UUIDs and similar ids are numbered in the order in which they occur, so that two recordings differ in times alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from hopcheck_server.redaction import REDACTED
from hopcheck_server.secret_search import written_forms

_ID = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])")
_RESPONSE_ID = re.compile(rb"(?<![A-Za-z0-9])resp_[A-Za-z0-9_\-]{48,}={0,2}")
"""LiteLLM's ids of responses, in which it encrypts where they are stored."""
_PROBE = re.compile(rb"(hopcheck:(?:preflight|hopcheck)~~[a-z.]*):[0-9a-z]+")

Rewrite = Callable[[re.Match[bytes]], bytes]


class ScrubRule(NamedTuple):
    """A pattern, and what replaces its matches."""

    pattern: re.Pattern[bytes]
    rewrite: Rewrite


class Scrub:
    """Rewrites one cassette's texts. The same secret or id becomes the same in all of them."""

    def __init__(
        self, secrets: Iterable[str] = (), places: Mapping[str, str] = {}, more: Sequence[ScrubRule] = ()
    ) -> None:
        """Compile the rules.

        Args:
            secrets: Known keys; empty ones are ignored.
            places: Addresses and folders of this machine, with their replacements.
            more: Rules that are applied after those.
        """
        self._known = {place.encode(): fixed.encode() for place, fixed in places.items() if place}
        self._ids: dict[bytes, bytes] = {}
        self._others = [
            *more,
            ScrubRule(_RESPONSE_ID, self._named),
            ScrubRule(_ID, self._numbered),
            ScrubRule(_PROBE, _probe),
        ]
        self._rules = self._others
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Remove these secrets, too."""
        self._known |= {form: REDACTED.encode() for secret in secrets if secret for form in forms(secret)}
        self._rules = [*_literal(self._known), *self._others]

    def leave(self, body: bytes) -> None:
        """Keep the ids of a request's body, wherever they occur: the request is found by them in a replay."""
        self._ids |= {found: found for found in _ID.findall(body)}

    def body(self, body: bytes, sizes: Sequence[int] = ()) -> tuple[bytes, list[int]]:
        """Rewrite a body that was cut into pieces of these sizes; returns the new body and sizes."""
        ends = [sum(sizes[: place + 1]) for place in range(len(sizes))]
        for rule in self._rules:
            body, ends = _rewritten(body, ends, rule)
        return body, [end - start for start, end in zip([0, *ends], ends, strict=False)]

    def text(self, text: str) -> str:
        """Rewrite a header's value, or an address."""
        return self.body(text.encode("utf-8", "surrogateescape"))[0].decode("utf-8", "surrogateescape")

    def _numbered(self, match: re.Match[bytes]) -> bytes:
        number = b"%012d" % (len(self._ids) + 1)
        form = b"00000000-0000-4000-8000-" if b"-" in match[0] else b"00000000000040008000"
        return self._ids.setdefault(match[0], form + number)

    def _named(self, match: re.Match[bytes]) -> bytes:
        return self._ids.setdefault(match[0], b"resp_%012d" % (len(self._ids) + 1))


def forms(secret: str) -> set[bytes]:
    """The forms of a secret in texts: verbatim, quoted for a URL, escaped for JSON, in hex, in base64, reversed."""
    whole = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *written_forms(secret)}
    return {form.encode("utf-8", "surrogatepass") for form in whole}


def _literal(known: Mapping[bytes, bytes]) -> list[ScrubRule]:
    if not known:
        return []
    longest_first = sorted(known, key=len, reverse=True)  # a key may begin with another key
    pattern = re.compile(b"|".join(re.escape(form) for form in longest_first))
    return [ScrubRule(pattern, lambda match: known[match[0]])]


def _probe(match: re.Match[bytes]) -> bytes:
    return match[1] + b":n0"


def _rewritten(body: bytes, ends: list[int], rule: ScrubRule) -> tuple[bytes, list[int]]:
    """Replace every match, and move the ends of pieces with the text before them."""
    out, moved, at = bytearray(), list(ends), 0
    for match in rule.pattern.finditer(body):
        new = rule.rewrite(match)
        out += body[at : match.start()] + new
        at = match.end()
        grown = len(new) - (match.end() - match.start())
        for place, end in enumerate(ends):
            if end >= match.end():
                moved[place] += grown
            elif end > match.start():  # the piece ended within the match: the whole replacement belongs to it
                moved[place] += match.end() - end + grown
    return bytes(out + body[at:]) if at else body, moved
