"""Finds what looks like a secret in a cassette before it is written, and says where, without quoting it.

It looks for keys of known forms, values under telling names, and high-entropy strings, also inside base64, percent
encoding, JSON escapes and gzip, and in the joined texts of a stream's events.

Scanners for source code (detect-secrets, say) rely on lines, assignments and quotes. Traffic has none of these, but it
has encodings and ids that they take for secrets, so the forms are defined here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hopcheck.cassettes.journal_entry import JournalEntry, Pairs
from hopcheck.cassettes.model import Cassette, Interaction
from hopcheck.cassettes.secrets.decoding import decoded, joined_texts, uncoded
from hopcheck.cassettes.secrets.entropy import ids_left_out, random_token
from hopcheck.cassettes.secrets.scrub import ScrubRule
from hopcheck_server.redaction import REDACTED

_FORMS = {
    "an API key": r"(?:sk|pk|rk|gsk|xai|nvapi|pplx|lsv2|voy|jina|fw|csk)[-_][A-Za-z0-9_\-]{16,}",
    "a Google API key": r"AIza[0-9A-Za-z_\-]{30,}",
    "a Google token": r"ya29\.[0-9A-Za-z_\-.]{16,}",
    "an AWS access key": r"(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}",
    "a GitHub token": r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "a GitLab token": r"glpat-[A-Za-z0-9_\-]{16,}",
    "a Slack token": r"xox[abeprs]-[A-Za-z0-9\-]{10,}",
    "a Hugging Face token": r"(?:hf|r8)_[A-Za-z0-9]{24,}",
    "a JWT": r"eyJ[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{4,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----|[\s\S]*)",
}
_BEFORE = r"(?<![A-Za-z0-9_])"
_SCHEME = re.compile(rb"(?i)\b(bearer|basic)(\s+|%20|\+)(?!\[)[A-Za-z0-9._~+/=\-]{8,}")
_USER = re.compile(rb"(?i)(://)[^\s/:@\"'\[]+:[^\s/@\"'\[]+@")
_NAMES = (
    r"[a-z_\-]*api[_-]?key|[a-z_\-]*access[_-]?token|refresh[_-]?token|id[_-]?token|session[_-]?token|auth[_-]?token"
    r"|authorization|proxy[_-]authorization|client[_-]?secret|secret[_-]?access[_-]?key|secret|passwd|password"
    r"|private[_-]?key|account[_-]?key|credentials?|signature|sig|cookie|set[_-]cookie|pwd|passphrase"
)
_VALUE = r"(?!\[redacted\])"
_NAMED = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*")(?!\[redacted\])([^"\\]|\\.){{6,}}(?=")'.encode())
_QUERY = re.compile(rf"(?i)((?:^|[?&])(?:{_NAMES}|key|token|code)=)(?!\[redacted\]|%5B)[^&\s\"#]{{6,}}".encode())
_NESTED = re.compile(rf'(?i)(\\+"(?:{_NAMES})\\+"\s*:\s*\\+"){_VALUE}[^"\\]{{6,}}(?=\\+")'.encode())
"""In JSON that is a string of JSON."""

_PART = re.compile(
    rf'(?i)(name="?(?:{_NAMES}|key|token)"?[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n){_VALUE}[^\r\n]{{6,}}'.encode()
)
"""Of a multipart body."""

_MARKUP = re.compile(
    rf"(?i)(<(?:\w+:)?(?:{_NAMES})(?:\s[^<>]*)?>\s*|\s(?:{_NAMES})\s*=\s*[\"']){_VALUE}[^<>\"'\s]{{6,}}".encode()
)
_LINE = re.compile(
    rf"(?im)(^[ \t\-]*[\"']?(?:{_NAMES})[\"']?[ \t]*[:=][ \t]*[\"']?){_VALUE}[^\s\"',;&{{\[]{{6,}}".encode()
)
"""Of YAML, of an INI file, of headers in a body."""

_CONNECTION = re.compile(
    rf"(?i)(;\s*(?:{_NAMES}|access[ _-]?key|sharedaccesskey)\s*=\s*){_VALUE}[^;\s\"'&]{{6,}}".encode()
)
"""Of a string by which a database is connected."""

_CREDENTIALS = (_NAMED, _NESTED, _QUERY, _PART, _MARKUP, _LINE, _CONNECTION)
_KNOWN = {what: re.compile(f"{_BEFORE}{form}".encode()) for what, form in _FORMS.items()}


UNREADABLE = b"unreadable"
"""Stands for a body that can't be looked through."""


class Suspicion(NamedTuple):
    """Something in a cassette that looks like a secret.

    Attributes:
        where: The part of the cassette.
        what: The kind of secret that it looks like.
    """

    where: str
    what: str


def rules() -> list[ScrubRule]:
    """The rules by which a scrub removes secrets of known forms."""
    whole = [ScrubRule(pattern, lambda _: REDACTED.encode()) for pattern in _KNOWN.values()]
    scheme = ScrubRule(_SCHEME, lambda match: match[1] + b" " + REDACTED.encode())
    user = ScrubRule(_USER, lambda match: match[1] + REDACTED.encode() + b"@")
    named = [ScrubRule(pattern, lambda match: match[1] + REDACTED.encode()) for pattern in _CREDENTIALS]
    return [scheme, user, *named, *whole]


def suspicions(cassette: Cassette) -> list[Suspicion]:
    """The places of a cassette that look like they hold a secret."""
    return [Suspicion(where, what) for where, text in _places(cassette) if (what := suspicion(text))]


def suspicion(text: bytes) -> str:
    """The kind of secret that a text seems to hold, or ""."""
    if text is UNREADABLE:
        return "what nobody can look through, in a coding that isn't undone here"
    for form in decoded(text):
        for what, pattern in _KNOWN.items():
            if pattern.search(form):
                return what
        for pattern in (_SCHEME, _USER, *_CREDENTIALS):
            if pattern.search(form):
                return "a credential"
        if random_token(ids_left_out(form)):
            return "a random text that may be a key"
    return ""


def _places(cassette: Cassette) -> Iterator[tuple[str, bytes]]:
    yield "case", cassette.case.encode()
    for number, one in enumerate(cassette.interactions):
        yield from _of_interaction(f"interactions[{number}]", one)
    for number, entry in enumerate(cassette.journal):
        yield from _of_entry(f"journal[{number}]", entry)


def _of_interaction(where: str, one: Interaction) -> Iterator[tuple[str, bytes]]:
    request, response = one.request, one.response
    yield f"{where}.request.method", request.method.encode()
    yield f"{where}.request.uri", request.uri.encode()
    yield from _of_headers(f"{where}.request", request.headers)
    yield from _of_body(f"{where}.request.body", request.body, request.headers)
    if response is not None:
        yield f"{where}.response.status", response.reason.encode()
        yield from _of_headers(f"{where}.response", response.headers)
        yield from _of_body(f"{where}.response.body", response.body, response.headers)
        yield f"{where}.response.body, its events joined", joined_texts(response.body)


def _of_entry(where: str, entry: JournalEntry) -> Iterator[tuple[str, bytes]]:
    yield f"{where}.path", entry.path.encode()
    yield f"{where}.key", entry.key.encode()
    yield from _of_headers(where, entry.headers)
    yield from _of_body(f"{where}.body", entry.body, entry.headers)


def _of_body(where: str, body: bytes, headers: Pairs) -> Iterator[tuple[str, bytes]]:
    """A body, and what its content codings hide; one that can't be read is a secret until it can be."""
    yield where, body
    codings = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
    if body and codings:
        plain = uncoded(body, codings)
        yield f"{where}, decoded", UNREADABLE if plain is None else plain


def _of_headers(where: str, headers: Pairs) -> Iterator[tuple[str, bytes]]:
    for name, value in headers:
        yield f"{where}.headers, a name", name.encode()
        yield f"{where}.headers[{name}]", value.encode("utf-8", "surrogateescape")
