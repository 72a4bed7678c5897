"""A run, judged by its known deviations.

A listed case runs all the same. It is green while every listed check fails and nothing else of it does; a listed check
that holds is stale. Entries for cases that were not run, or not applicable, are left alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.baseline.causes import cause_problems, known_causes
from hopcheck.report.baseline.entries import Baseline, Deviation
from hopcheck.report.causes import INVARIANTS, causes_of, judged
from hopcheck.report.settings_file import nearest

if TYPE_CHECKING:
    from hopcheck.authoring.case import Case

UNTESTABLE = "untestable"

Status = Literal["listed", "stale"]
_COMPLETED = frozenset({Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES})


@dataclass(frozen=True)
class Judgement:
    """A run, judged by a baseline.

    Attributes:
        statuses: By case key: "listed" if exactly the listed checks fail, "stale" if a listed check holds, else None.
        listed_causes: The keys of causes that are known.
        problems: Sentences; each of them fails the gate.
    """

    statuses: Mapping[str, Status | None] = field(default_factory=dict)
    listed_causes: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def judge(
    verdicts: Sequence[Verdict],
    baseline: Baseline,
    cases: Mapping[str, Case],
    today: datetime.date,
    *,
    strict: bool = False,
    unfiltered: bool = False,
) -> Judgement:
    """Compare a run with the known deviations.

    Args:
        verdicts: Of the cases that were run.
        baseline: The entries.
        cases: All there are, by id, also those that were not run.
        today: The day on which entries expire or not.
        strict: Whether failing SHOULDs and MAYs must be listed too.
        unfiltered: Whether all cases were run: only then can an entry for a cause be stale.
    """
    problems = [problem for entry in baseline.deviations for problem in _entry_problems(entry, cases, today)]
    counting = [entry for entry in baseline.deviations if entry.counts_on(today)]
    statuses: dict[str, Status | None] = {}
    for verdict in verdicts:
        failing = failing_checks(verdict, cases[verdict.case_id].level, strict=strict)
        status, complaints = _status(verdict, _listed_checks(verdict, counting), failing)
        statuses[verdict.key] = status
        problems += complaints
    causes, on_causes = causes_of(verdicts), [entry for entry in counting if entry.check]
    problems += cause_problems(causes, on_causes, judged(verdicts), unfiltered=unfiltered)
    listed = frozenset(key for key, known in known_causes(causes, on_causes).items() if known)
    return Judgement(statuses, listed, tuple(f"{baseline.file}: {problem}" for problem in problems))


def _listed_checks(verdict: Verdict, entries: Sequence[Deviation]) -> set[str]:
    fitting = [one for one in entries if one.case == verdict.case_id and one.covers(verdict.place)]
    return {check for entry in fitting for check in entry.checks}


def _entry_problems(entry: Deviation, cases: Mapping[str, Case], today: datetime.date) -> list[str]:
    if entry.case and entry.case not in cases:
        return [f'an entry matches nothing: there is no case "{entry.case}"; {nearest(entry.case, cases)}']
    name = entry.case or f'"{entry.complaint}"'
    if not entry.counts_on(today):
        return [f"the entry for {name} expired on {entry.expires}: fix the target, or renew the reason and the date."]
    if entry.is_placeholder:
        return [f'the entry for {name} gives no reason ("{entry.reason}"): say why it is accepted.']
    return []


def _status(verdict: Verdict, listed: set[str], failing: Sequence[str]) -> tuple[Status | None, list[str]]:
    if not listed or verdict.outcome in {Outcome.NOT_APPLICABLE, Outcome.BROKEN}:
        return None, []
    stale = sorted(check for check in listed if _is_stale(check, verdict))
    unlisted = [check for check in failing if check not in listed]
    problems = [f'{verdict.key} is listed for "{check}", {_now(check, verdict)}: remove it.' for check in stale]
    problems += [f'{verdict.key} fails in "{check}" too, which is not listed.' for check in unlisted]
    return "stale" if stale else None if unlisted else "listed", problems


def _is_stale(check: str, verdict: Verdict) -> bool:
    if check == UNTESTABLE:
        return verdict.outcome is not Outcome.UNTESTABLE
    if any(finding.check == check for finding in verdict.failed):
        return False
    # a case that ended early proves nothing about the checks after its end
    return verdict.outcome in _COMPLETED or any(finding.check == check for finding in verdict.findings)


def _now(check: str, verdict: Verdict) -> str:
    if check in INVARIANTS:
        return "which has entries of its own now (`hopcheck baseline migrate`)"
    known = check == UNTESTABLE or any(finding.check == check for finding in verdict.findings)
    return "which holds now" if known else "a check that it did not make"


def failing_checks(verdict: Verdict, level: Level, *, strict: bool) -> list[str]:
    """The checks that fail a gate, in the order in which they were made, then "untestable" if the case was.

    None of a case that could not be asked because of a cause: it counts with that cause.

    Args:
        verdict: Of one case.
        level: The case's, for findings that name none.
        strict: Whether SHOULDs and MAYs count too.
    """

    def counts(finding: Finding) -> bool:
        return strict or (finding.level or level) is Level.MUST

    if verdict.untestable_by:
        return []
    untestable = [UNTESTABLE] if verdict.outcome is Outcome.UNTESTABLE else []
    return [*dict.fromkeys(finding.check for finding in verdict.failed if counts(finding)), *untestable]
