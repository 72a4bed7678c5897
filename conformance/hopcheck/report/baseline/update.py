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
    from hopcheck.authoring.registry import Case


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
    judged = {verdict.case_id: verdict for verdict in verdicts if verdict.outcome not in unjudged}
    kept = [entry for entry in previous.deviations if entry.case in cases and entry.case not in judged]
    for case_id, verdict in judged.items():
        failing = failing_checks(verdict, cases[case_id].level, strict=strict)
        kept += _entries(case_id, failing, previous)
    causes = [cause for cause in causes_of(verdicts) if strict or cause.level is Level.MUST]
    on_causes = _cause_entries(causes, previous, keep_others=not unfiltered)
    return (*on_causes, *sorted(kept, key=lambda entry: entry.case))


def _cause_entries(causes: Sequence[Cause], previous: Baseline, *, keep_others: bool) -> list[Deviation]:
    met = {(cause.check, cause.cause): cause for cause in causes}
    entries = [
        entry
        for entry in previous.deviations
        if entry.check and (keep_others or entry.intermittent or (entry.check, entry.complaint) in met)
    ]
    known = {(entry.check, entry.complaint) for entry in entries}
    entries += [
        Deviation(check=check, complaint=complaint, reason=NO_REASON)
        for check, complaint in met
        if (check, complaint) not in known
    ]
    return sorted(entries, key=lambda entry: (entry.check, entry.complaint))


def _entries(case_id: str, failing: Sequence[str], previous: Baseline) -> list[Deviation]:
    entries, left = [], list(failing)
    for entry in [entry for entry in previous.deviations if entry.case == case_id]:
        still = tuple(check for check in entry.checks if check in left)
        left = [check for check in left if check not in still]
        if still:
            entries.append(replace(entry, checks=still))
    return entries + ([Deviation(case=case_id, checks=tuple(left), reason=NO_REASON)] if left else [])
