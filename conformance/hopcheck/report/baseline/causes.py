"""The baseline's entries for causes: which causes are known, and which entries are stale."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hopcheck.engine.verdict import place_of
from hopcheck.report.baseline.entries import Deviation
from hopcheck.report.causes import INVARIANTS, Cause


def known_causes(causes: Iterable[Cause], entries: Sequence[Deviation]) -> dict[str, bool]:
    """Whether each cause is listed, by its key: entries must cover every operation on which it was met."""
    return {cause.key: _covers(cause, entries) for cause in causes}


def _covers(cause: Cause, entries: Sequence[Deviation]) -> bool:
    fitting = [entry for entry in entries if (entry.check, entry.complaint) == (cause.check, cause.cause)]
    return all(any(entry.covers(place) for entry in fitting) for place in cause.operations)


def cause_problems(
    causes: Sequence[Cause],
    entries: Sequence[Deviation],
    judged: Mapping[str, Counter[str]],
    *,
    unfiltered: bool,
) -> list[str]:
    """What is wrong with the entries for causes, in sentences.

    Args:
        causes: Those of the run.
        entries: The baseline's entries for causes.
        judged: How many messages the run judged, by check and operation.
        unfiltered: Whether all cases were run: a part of them may not meet what is listed.
    """
    unknown = [entry for entry in entries if entry.check not in INVARIANTS]
    problems = [f'an entry matches nothing: there is no check "{one.check}" on every exchange.' for one in unknown]
    if not unfiltered:
        return problems
    stale = [one for one in entries if one not in unknown and not one.intermittent and _is_stale(one, causes, judged)]
    return problems + [f"{_named(entry)} is listed, and was not met: remove it." for entry in stale]


def _is_stale(entry: Deviation, causes: Sequence[Cause], judged: Mapping[str, Counter[str]]) -> bool:
    was_judged = any(map(entry.covers, judged.get(entry.check, ())))
    met = any(
        (cause.check, cause.cause) == (entry.check, entry.complaint) and any(map(entry.covers, cause.operations))
        for cause in causes
    )
    return was_judged and not met


def _named(entry: Deviation) -> str:
    place = place_of(entry.operation or "every operation", entry.provider)
    return f'"{entry.complaint}" of {entry.check}{f" on {place}" if entry.operation or entry.provider else ""}'
