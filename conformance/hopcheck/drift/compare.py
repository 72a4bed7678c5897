"""Compares two cassettes of one case: requests, responses, attempts at the provider, and verdicts."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from hopcheck.cassettes import Cassette, Interaction, JournalEntry
from hopcheck.cassettes.canonical import of_request
from hopcheck.drift import facts
from hopcheck.report.excerpts import as_text

ANY_NUMBER = "*"
"""The `repeat` of requests that a proxy may send any number of times, or not at all."""

LEFT = "left"
"""The ending of a response that the proxy didn't wait for."""


class Part(StrEnum):
    """The part of an exchange that changed; in the order of a report."""

    VERDICT = "verdict"
    ANSWER = "answer"
    PROVIDER = "provider"
    PROXY = "proxy"


ABOUT = {
    Part.VERDICT: "Verdicts on the proxy in front of it",
    Part.ANSWER: "Its responses",
    Part.PROVIDER: "Its requests to the provider",
    Part.PROXY: "Requests of the proxy in front of it",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        part: Where it is.
        what: The name of what differs: `status`, `header x-…`, `body error.type`, `event choices[0].delta.role`.
        before: The text before; None if it was absent.
        after: The text after; None if it is absent.
        worse: Whether a check held before and doesn't hold after.
    """

    part: Part
    what: str
    before: str | None
    after: str | None
    worse: bool = False


@dataclass(frozen=True, slots=True)
class CassetteComparison:
    """The differences of one case."""

    case: str
    changes: tuple[Change, ...]


def compare(before: Cassette, after: Cassette) -> CassetteComparison:
    """Compare two cassettes of the same case. The same change in several exchanges counts once."""
    changes = [*_verdict(before, after), *_interactions(before, after), *_attempts(before, after)]
    return CassetteComparison(after.name, tuple(dict.fromkeys(changes)))


def _verdict(before: Cassette, after: Cassette) -> Iterator[Change]:
    if before.verdict is None or after.verdict is None:
        return
    if before.verdict.outcome != after.verdict.outcome:
        worse = before.verdict.outcome in ("conforms", "advisory") and after.verdict.outcome not in (
            "conforms",
            "advisory",
        )
        yield Change(Part.VERDICT, "outcome", before.verdict.outcome, after.verdict.outcome, worse)
    for name in dict.fromkeys([*before.verdict.findings, *after.verdict.findings]):
        was, now = before.verdict.findings.get(name), after.verdict.findings.get(name)
        if was != now:
            yield Change(Part.VERDICT, f"finding {name}", _held(was), _held(now), bool(was) and now is False)
    yield from _causes(frozenset(before.verdict.causes), frozenset(after.verdict.causes))


def _causes(before: frozenset[str], after: frozenset[str]) -> Iterator[Change]:
    """Causes that only one of two verdicts met; one that is new is worse."""
    for key in sorted(before ^ after):
        was, now = (MET if key in causes else None for causes in (before, after))
        yield Change(Part.VERDICT, f"cause {key}", was, now, now is not None)


MET = "met"
"""A cause of a verdict, as a change shows it."""


def _held(ok: bool | None) -> str | None:
    return None if ok is None else "holds" if ok else "fails"


def _interactions(before: Cassette, after: Cassette) -> Iterator[Change]:
    """Exchanges with the same request are compared; the others have a request that only one cassette holds."""
    waiting: dict[Any, deque[Interaction]] = defaultdict(deque)
    for one in before.interactions:
        waiting[of_request(one.request)].append(one)
    for one in after.interactions:
        same = waiting[of_request(one.request)]
        if same:
            yield from _responses(same.popleft(), one)
        elif one.repeat != ANY_NUMBER:
            yield Change(Part.PROXY, f"{one.request.method} {one.request.path}", None, "sent")
    for one in (one for left in waiting.values() for one in left if one.repeat != ANY_NUMBER):
        yield Change(Part.PROXY, f"{one.request.method} {one.request.path}", "sent", None)


def _responses(before: Interaction, after: Interaction) -> Iterator[Change]:
    """Compare two responses. Where the proxy left at different times, only what both sent to its end is compared."""
    if LEFT not in (before.delivery.ended, after.delivery.ended):
        yield from _changes(Part.ANSWER, facts.of_interaction(before), facts.of_interaction(after))
    elif before.response is not None and after.response is not None:
        whole = facts.is_finished(before.response) and facts.is_finished(after.response)
        responses = [facts.of_response(one.response, whole=whole) for one in (before, after) if one.response]
        yield from _changes(Part.ANSWER, *responses)


def _attempts(before: Cassette, after: Cassette) -> Iterator[Change]:
    """Attempts with the same marker and number are compared."""
    first, second = _by_marker(before), _by_marker(after)
    for marker in dict.fromkeys([*first, *second]):
        was, now = first.get(marker, []), second.get(marker, [])
        if len(was) != len(now):
            name = "attempts" if marker else "requests without a marker"
            yield Change(Part.PROVIDER, name, str(len(was)), str(len(now)))
        for one, other in zip_longest(was, now):
            if one and other:
                yield from _changes(Part.PROVIDER, facts.of_attempt(one), facts.of_attempt(other))


def _by_marker(cassette: Cassette) -> dict[str, list[JournalEntry]]:
    found: dict[str, list[JournalEntry]] = defaultdict(list)
    for entry in cassette.journal:
        found[entry.marker].append(entry)
    return {marker: sorted(entries, key=lambda entry: entry.number) for marker, entries in found.items()}


def _changes(part: Part, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        was, now = (as_text(found[name]) if name in found else None for found in (before, after))
        if was != now:
            yield Change(part, name, was, now)
