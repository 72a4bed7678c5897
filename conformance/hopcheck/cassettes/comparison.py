"""Compares two recordings, ignoring ids and times.

Concurrent requests may arrive in any order, so interactions are compared by their requests. Times, ids and the choice
of a connection from a pool differ between any two recordings, and are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hopcheck.cassettes.canonical import Canonical, canonical, of_request
from hopcheck.cassettes.journal_entry import JournalEntry, Pairs
from hopcheck.cassettes.model import Cassette, Interaction

_TIMES = frozenset({"x-litellm-response-duration-ms", "x-litellm-overhead-duration-ms", "x-ratelimit-reset-requests"})
_VOLATILE = (
    (re.compile(rb'(created\\*"\s*:\s*)\d+'), rb"\g<1>0"),
    (re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}"), b"id"),
    (re.compile(rb"(hop)[0-9a-f]{9,}"), rb"\g<1>"),
    (re.compile(rb"\d+\.\d+( ?(?:s\b|seconds))"), rb"0\g<1>"),
)


def difference(one: Cassette, two: Cassette) -> str:
    """The first difference between two recordings of a case in more than ids and times, or ""."""
    if one.verdict != two.verdict:
        return f"verdicts {one.verdict} and {two.verdict}"
    first, second = ([_interaction(item) for item in cassette.interactions] for cassette in (one, two))
    if found := _difference("interactions", first, second):
        return found
    return _difference("journal", [_entry(item) for item in one.journal], [_entry(item) for item in two.journal])


def differences(one: Mapping[str, Cassette], two: Mapping[str, Cassette]) -> dict[str, str]:
    """The differences between two sets of cassettes in more than ids and times, by cassette."""
    lacking = dict.fromkeys(one.keys() ^ two.keys(), "it is in only one of the sets")
    found = {case: difference(one[case], two[case]) for case in one.keys() & two.keys()}
    return dict(sorted({**lacking, **{case: what for case, what in found.items() if what}}.items()))


def _difference(what: str, first: list[tuple[Canonical, Any]], second: list[tuple[Canonical, Any]]) -> str:
    first, second = (sorted(items, key=lambda item: (item[0], repr(item[1]))) for items in (first, second))
    if len(first) != len(second):
        return f"{len(first)} and {len(second)} of {what}"
    for (asked, left), (_, right) in zip(first, second, strict=True):
        if left != right:
            part = next(key for key in left if left[key] != right[key])
            return f"{what}: {asked.method} {asked.path}: {part}: {left[part]!r:.200} and {right[part]!r:.200}"
    return ""


def _interaction(one: Interaction) -> tuple[Canonical, Any]:
    response = one.response
    return of_request(one.request), {
        "request headers": _headers(one.request.headers),
        "status": (response.status, response.reason) if response else None,
        "headers": _headers(response.headers) if response else None,
        "body": _masked(response.body) if response else None,
        "framing": one.delivery.framing,
        "ended": one.delivery.ended,
        "frames": len(one.delivery.frames),
        "repeat": one.repeat,
    }


def _entry(entry: JournalEntry) -> tuple[Canonical, Any]:
    return canonical(entry.method, entry.path, entry.body), {
        "number": entry.number,
        "headers": _headers(entry.headers),
        "key": entry.key,
        "ended": entry.ended,
    }


def _headers(headers: Pairs) -> list[tuple[str, bytes]]:
    lengths = ("content-length", "llm_provider-content-length")
    named = [(name.lower(), value) for name, value in headers]
    return [(name, _masked(value.encode())) for name, value in named if name not in _TIMES and name not in lengths]


def _masked(text: bytes) -> bytes:
    for pattern, instead in _VOLATILE:
        text = pattern.sub(instead, text)
    return text
