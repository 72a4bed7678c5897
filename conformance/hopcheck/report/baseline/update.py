"""The entries that fit a run: written by `--write-baseline`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hopcheck.authoring.findings import Level
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.baseline.entries import NO_REASON, Baseline, Deviation
from hopcheck.report.baseline.judgement import failing_checks
from hopcheck.report.causes import Cause, causes_of

if TYPE_CHECKING:
    from hopcheck.authoring.case import Case


def updated(
    verdicts: Sequence[Verdict],
    cases: Mapping[str, Case],
    previous: Baseline,
    *,
    strict: bool,
    unfiltered: bool = False,
) -> tuple[Deviation, ...]:
    """The entries that fit a run: what fails, with the reasons it had; entries of unjudged cases are kept."""
    unjudged = {Outcome.NOT_APPLICABLE, Outcome.BROKEN}
    judged: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome not in unjudged:
            judged.setdefault((verdict.case_id, verdict.provider), []).append(verdict)
    kept = [
        entry
        for entry in previous.deviations
        if entry.case in cases
        and not any(_fits(entry, verdict) for verdict in judged.get((entry.case, entry.provider), ()))
    ]
    for (case_id, _), ran in judged.items():
        kept += _case_entries(ran, cases[case_id], previous, strict=strict)
    causes = [cause for cause in causes_of(verdicts) if strict or cause.level is Level.MUST]
    on_causes = _cause_entries(causes, previous, keep_others=not unfiltered)
    return (*on_causes, *sorted(kept, key=lambda entry: (entry.case, entry.provider, entry.operation)))


def _cause_entries(causes: Sequence[Cause], previous: Baseline, *, keep_others: bool) -> list[Deviation]:
    met = {(cause.check, cause.cause, place.partition("@")[2]): None for cause in causes for place in cause.operations}
    entries = [
        entry
        for entry in previous.deviations
        if entry.check and (keep_others or entry.intermittent or _named(entry) in met)
    ]
    known = set(map(_named, entries))
    entries += [
        Deviation(check=check, complaint=complaint, provider=provider, reason=NO_REASON)
        for check, complaint, provider in met
        if (check, complaint, provider) not in known
    ]
    return sorted(entries, key=_named)


def _named(entry: Deviation) -> tuple[str, str, str]:
    return entry.check, entry.complaint, entry.provider


def _fits(entry: Deviation, verdict: Verdict) -> bool:
    return entry.case == verdict.case_id and entry.covers(verdict.place)


def _case_entries(ran: Sequence[Verdict], case: Case, previous: Baseline, *, strict: bool) -> list[Deviation]:
    """What fails in a case: for each operation, or for all of them at once where the same fails on each."""
    failing = {one.operation: tuple(failing_checks(one, case.level, strict=strict)) for one in ran}
    if set(failing) == set(case.operations) and len(set(failing.values())) == 1:
        return _entries(ran[0], "", failing[ran[0].operation], previous)
    return [entry for one in ran for entry in _entries(one, one.operation, failing[one.operation], previous)]


def _entries(verdict: Verdict, operation: str, failing: Sequence[str], previous: Baseline) -> list[Deviation]:
    entries, left = [], list(failing)
    for entry in [entry for entry in previous.deviations if _fits(entry, verdict)]:
        still = tuple(check for check in entry.checks if check in left)
        left = [check for check in left if check not in still]
        if still:
            entries.append(replace(entry, checks=still, operation=operation))
    new = Deviation(
        case=verdict.case_id, operation=operation, provider=verdict.provider, checks=tuple(left), reason=NO_REASON
    )
    return [*entries, new] if left else entries
