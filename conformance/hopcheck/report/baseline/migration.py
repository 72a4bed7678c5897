"""Carries a baseline of the first edition over: cases have new ids, causes have entries of their own.

The first edition listed `contract.event` and the like as checks of a case. An entry for a cause needs the complaint,
which only a report of a run knows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from hopcheck.report.baseline.entries import Baseline, Deviation
from hopcheck.report.causes import INVARIANTS


@dataclass(frozen=True)
class Migration:
    """A baseline that was carried over.

    Attributes:
        deviations: Its entries: causes first, then cases.
        left: Sentences about what could not be carried over.
    """

    deviations: tuple[Deviation, ...]
    left: tuple[str, ...] = ()


def migrated(baseline: Baseline, causes: Sequence[Mapping[str, Any]] | None, known: Collection[str]) -> Migration:
    """Carry a baseline over.

    Args:
        baseline: As it was read; entries that are of this edition already are kept.
        causes: The causes of a report of the same target; None without one.
        known: The ids of all cases.
    """
    left: list[str] = []
    found: dict[tuple[str, ...], Deviation] = {}
    for entry in map(_renamed, baseline.deviations):
        if entry.case and entry.case not in known:
            left.append(f"{entry.case}: there is no such case; its entry is kept, and matches nothing.")
        for made in [*_on_causes(entry, causes, left), *_on_case(entry)]:
            found.setdefault((made.check, made.complaint, made.operation, made.case, *made.checks), made)
    ordered = sorted(found.values(), key=lambda entry: (entry.case, entry.check, entry.complaint))
    return Migration(tuple(ordered), tuple(left))


@cache
def _new_ids() -> Mapping[str, str]:
    text = files("hopcheck.report.baseline").joinpath("first_edition_ids.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _renamed(entry: Deviation) -> Deviation:
    return replace(entry, case=_new_ids().get(entry.case, entry.case))


def _on_case(entry: Deviation) -> list[Deviation]:
    """The entry with the checks that are still its case's own; one for a cause as it is."""
    own = tuple(check for check in entry.checks if check not in INVARIANTS)
    return [replace(entry, checks=own)] if own or entry.check else []


def _on_causes(entry: Deviation, causes: Sequence[Mapping[str, Any]] | None, left: list[str]) -> Iterator[Deviation]:
    """Entries for the causes that the entry's case met."""
    for check in (one for one in entry.checks if one in INVARIANTS):
        met = [cause for cause in causes or () if cause["check"] == check and entry.case in cause["cases"]]
        if not met:
            left.append(f"{entry.case}: {check} {_missing(causes)}")
        for cause in met:
            yield replace(entry, case="", checks=(), check=check, complaint=cause["cause"])


def _missing(causes: Sequence[Mapping[str, Any]] | None) -> str:
    if causes is None:
        return "needs its complaint: give a report of a run with --report."
    return "was not met in that run; its entry is dropped."
