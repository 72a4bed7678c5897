"""The file of known deviations, `hopcheck-baseline.toml`.

    [[deviation]]
    case = "stream.done-once"
    checks = ["one [DONE]"]          # the findings that fail; "untestable" where the case could not be asked at all
    reason = "the end is announced twice since 1.2"
    issue = "https://…"              # optional
    expires = 2031-12-31             # optional: the last day on which the entry counts

A listed case runs all the same. It is green while every listed check fails and nothing else of it does; a listed check
that holds is stale. Entries for cases that were not run, or not applicable, are left alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hopcheck.authoring.findings import Finding, Level
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.settings_file import Reader, SettingsError, nearest, parse_file

if TYPE_CHECKING:
    from hopcheck.authoring.registry import Case

FILE_NAME = "hopcheck-baseline.toml"
UNTESTABLE = "untestable"
NO_REASON = "not looked into yet"

Status = Literal["listed", "stale"]
_COMPLETED = frozenset({Outcome.CONFORMS, Outcome.ADVISORY, Outcome.DEVIATES})


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One entry of a baseline.

    Attributes:
        case: A case's id.
        checks: Findings of it that are known to fail, or "untestable".
        reason: Why that is accepted.
        issue: Where the fix is tracked, or "".
        expires: The last day on which the entry counts; None for no end.
    """

    case: str
    checks: tuple[str, ...]
    reason: str
    issue: str = ""
    expires: datetime.date | None = None


@dataclass(frozen=True)
class Baseline:
    """The known deviations of a target.

    Attributes:
        file: The path of the file, for messages.
        deviations: Its entries.
    """

    file: str
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """A run, judged by a baseline.

    Attributes:
        statuses: By case: "listed" if exactly the listed checks fail, "stale" if a listed check holds, None otherwise.
        problems: Sentences; each of them fails the gate.
    """

    statuses: Mapping[str, Status | None] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        SettingsError: With one sentence for each mistake.
    """
    document, reader = parse_file(path), Reader(str(path))
    for name in [name for name in document if name != "deviation"]:
        reader.problems.append(f'{path}: "{name}" is unknown; entries begin with [[deviation]].')
    tables = document.get("deviation", [])
    if not isinstance(tables, list):
        raise SettingsError([*reader.problems, f"{path}: write [[deviation]], with two brackets, for each entry."])
    entries = [reader.read(Deviation, table, f"deviation {number}") for number, table in enumerate(tables, 1)]
    deviations = tuple(entry for entry in entries if entry is not None)
    _check_entries(deviations, reader)
    if reader.problems:
        raise SettingsError(reader.problems)
    return Baseline(str(path), deviations)


def _check_entries(deviations: Sequence[Deviation], reader: Reader) -> None:
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(deviations, 1):
        if not entry.checks:
            reader.complain(f"deviation {number}", "checks", "must name at least one check")
        for check in entry.checks:
            if (entry.case, check) in seen:
                reader.complain(f"deviation {number}", "checks", f'lists "{check}" of {entry.case} again')
            seen.add((entry.case, check))


def judge(
    verdicts: Iterable[Verdict],
    baseline: Baseline,
    cases: Mapping[str, Case],
    today: datetime.date,
    *,
    strict: bool = False,
) -> Judgement:
    """Compare a run with the known deviations.

    Args:
        verdicts: Of the cases that were run.
        baseline: The entries.
        cases: All there are, by id, also those that were not run.
        today: The day on which entries expire or not.
        strict: Whether failing SHOULDs and MAYs must be listed too.
    """
    problems = [problem for entry in baseline.deviations for problem in _entry_problems(entry, cases, today)]
    listed: dict[str, set[str]] = {}
    for entry in baseline.deviations:
        if entry.expires is None or today <= entry.expires:
            listed.setdefault(entry.case, set()).update(entry.checks)
    statuses: dict[str, Status | None] = {}
    for verdict in verdicts:
        failing = failing_checks(verdict, cases[verdict.case_id].level, strict=strict)
        status, complaints = _status(verdict, listed.get(verdict.case_id, set()), failing)
        statuses[verdict.case_id] = status
        problems += complaints
    return Judgement(statuses, tuple(f"{baseline.file}: {problem}" for problem in problems))


def _entry_problems(entry: Deviation, cases: Mapping[str, Case], today: datetime.date) -> list[str]:
    if entry.case not in cases:
        return [f'an entry matches nothing: there is no case "{entry.case}"; {nearest(entry.case, cases)}']
    if entry.expires is not None and entry.expires < today:
        return [
            f"the entry for {entry.case} expired on {entry.expires}: fix the target, or renew the reason and the date."
        ]
    return []


def _status(verdict: Verdict, listed: set[str], failing: Sequence[str]) -> tuple[Status | None, list[str]]:
    if not listed or verdict.outcome in {Outcome.NOT_APPLICABLE, Outcome.BROKEN}:
        return None, []
    stale = sorted(check for check in listed if _is_stale(check, verdict))
    unlisted = [check for check in failing if check not in listed]
    problems = [f'{verdict.case_id} is listed for "{check}", {_now(check, verdict)}: remove it.' for check in stale]
    problems += [f'{verdict.case_id} fails in "{check}" too, which is not listed.' for check in unlisted]
    return "stale" if stale else None if unlisted else "listed", problems


def _is_stale(check: str, verdict: Verdict) -> bool:
    if check == UNTESTABLE:
        return verdict.outcome is not Outcome.UNTESTABLE
    if any(finding.check == check for finding in verdict.failed):
        return False
    # a case that ended early proves nothing about the checks after its end
    return verdict.outcome in _COMPLETED or any(finding.check == check for finding in verdict.findings)


def _now(check: str, verdict: Verdict) -> str:
    known = check == UNTESTABLE or any(finding.check == check for finding in verdict.findings)
    return "which holds now" if known else "a check that it did not make"


def failing_checks(verdict: Verdict, level: Level, *, strict: bool) -> list[str]:
    """The checks that fail a gate, in the order in which they were made, then "untestable" if the case was.

    Args:
        verdict: Of one case.
        level: The case's, for findings that name none.
        strict: Whether SHOULDs and MAYs count too.
    """

    def counts(finding: Finding) -> bool:
        return strict or (finding.level or level) is Level.MUST

    untestable = [UNTESTABLE] if verdict.outcome is Outcome.UNTESTABLE else []
    return [*dict.fromkeys(finding.check for finding in verdict.failed if counts(finding)), *untestable]


def updated(
    verdicts: Iterable[Verdict], cases: Mapping[str, Case], previous: Baseline, *, strict: bool
) -> tuple[Deviation, ...]:
    """The entries that fit a run: failing checks with the reasons they had; entries of unjudged cases are kept."""
    unjudged = {Outcome.NOT_APPLICABLE, Outcome.BROKEN}
    judged = {verdict.case_id: verdict for verdict in verdicts if verdict.outcome not in unjudged}
    kept = [entry for entry in previous.deviations if entry.case in cases and entry.case not in judged]
    for case_id, verdict in judged.items():
        failing = failing_checks(verdict, cases[case_id].level, strict=strict)
        kept += _entries(case_id, failing, previous)
    return tuple(sorted(kept, key=lambda entry: entry.case))


def _entries(case_id: str, failing: Sequence[str], previous: Baseline) -> list[Deviation]:
    entries, left = [], list(failing)
    for entry in [entry for entry in previous.deviations if entry.case == case_id]:
        still = tuple(check for check in entry.checks if check in left)
        left = [check for check in left if check not in still]
        if still:
            entries.append(
                Deviation(case=case_id, checks=still, reason=entry.reason, issue=entry.issue, expires=entry.expires)
            )
    return entries + ([Deviation(case=case_id, checks=tuple(left), reason=NO_REASON)] if left else [])


def baseline_text(deviations: Iterable[Deviation]) -> str:
    """Entries as the text of a baseline file."""
    head = "# Known deviations. A listed check must fail: one that holds again is stale, and fails the gate.\n"
    return head + "".join("\n" + _entry_text(entry) for entry in deviations)


def _entry_text(entry: Deviation) -> str:
    values: dict[str, Any] = {
        "case": _quoted(entry.case),
        "checks": f"[{', '.join(map(_quoted, entry.checks))}]",
        "reason": _quoted(entry.reason),
        "issue": _quoted(entry.issue) if entry.issue else None,
        "expires": entry.expires,
    }
    lines = [f"{key} = {value}\n" for key, value in values.items() if value is not None]
    return "[[deviation]]\n" + "".join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    shown = (f"\\u{ord(one):04x}" if ord(one) < 32 or ord(one) == 127 else one for one in escaped)
    return f'"{"".join(shown)}"'
