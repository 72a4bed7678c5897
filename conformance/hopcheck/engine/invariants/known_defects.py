"""Known defects of a target: each is one cause, and what cases compare is compared without it.

The list is closed: of a target's defects only these are met by most stream cases, and each would be red for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hopcheck.authoring.findings import Finding, Level, same
from hopcheck.engine.verdict import Masked, Occurrence, Outcome, Verdict, outcome_of


class KnownDefect(NamedTuple):
    """What a defect does to comparisons.

    Attributes:
        lacks: What streams lack, for reports.
        field: The field of a stream's summary that is empty for it.
        checks: The checks that compare nothing else, each with its case.
        same_causes: The keys of causes that say the same of the same exchange.
    """

    lacks: str
    field: str
    checks: frozenset[tuple[str, str]]
    same_causes: frozenset[str] = frozenset()


KNOWN_DEFECTS: Mapping[str, KnownDefect] = {
    "stream-grammar: there is no [DONE]": KnownDefect(
        "`[DONE]`",
        "done",
        frozenset(
            {
                ("stream.done-once", "one [DONE]"),
                ("stream.done-once", "[DONE] is last"),
                ("fallback.stream-pre-first", "text after a status"),
                ("fallback.stream-pre-first", "text after a head"),
            }
        ),
    ),
    "stream-grammar: a choice has no finish reason": KnownDefect(
        "the finish reason",
        "finish",
        frozenset(
            {
                ("stream.finish-once", "finish reasons"),
                ("stream.finish-matches", "finish reasons"),
                ("stream.n-choices", "finish reasons"),
                ("fallback.stream-pre-first", "text after a status"),
                ("fallback.stream-pre-first", "text after a head"),
                ("tools.text-and-call", "finish reasons"),
            }
        ),
        frozenset({"response-fidelity: choices[].finish_reason is missing"}),
    ),
}
"""By the key of the cause."""


def without_known_defects(verdict: Verdict, level: Level) -> Verdict:
    """A verdict as it is apart from the known defects that its own exchanges show.

    Where a failing comparison holds without what the target lacks, it holds, and is named in `masked`. Where nothing
    is left to compare, the case could not be asked because of the defect.

    Args:
        verdict: With the occurrences on its exchanges.
        level: The case's level.
    """
    met = {one.key: KNOWN_DEFECTS[one.key] for one in verdict.occurrences if one.key in KNOWN_DEFECTS}
    if not met:
        return verdict
    verdict = replace(verdict, occurrences=_without_repetition(verdict.occurrences, met))
    if verdict.outcome not in (Outcome.DEVIATES, Outcome.ADVISORY):
        return verdict
    fields = frozenset(defect.field for defect in met.values())
    excused = [one for one in verdict.failed if _differ_only_in(fields, one.expected, one.actual)]
    findings = tuple(replace(one, ok=True) if one in excused else one for one in verdict.findings)
    checks = [one.check for one in excused]
    masked = tuple(Masked(key, check) for check in checks for key in met)
    evidence = {check: places for check, places in verdict.evidence.items() if check not in checks}
    outcome = outcome_of(findings, level)
    return _prevented(replace(verdict, findings=findings, masked=masked, evidence=evidence, outcome=outcome), met)


def _prevented(verdict: Verdict, met: Mapping[str, KnownDefect]) -> Verdict:
    """A verdict of which every failing check is about a known defect is untestable by it."""
    causes = [_about(verdict.case_id, one, met) for one in verdict.failed]
    if not causes or not all(causes):
        return verdict
    reason = f"the target's streams lack {met[causes[0]].lacks}, which this case asks about"
    return replace(verdict, outcome=Outcome.UNTESTABLE, reason=reason, untestable_by=causes[0])


def _about(case_id: str, finding: Finding, met: Mapping[str, KnownDefect]) -> str:
    return next((key for key, defect in met.items() if (case_id, finding.check) in defect.checks), "")


def _without_repetition(occurrences: Sequence[Occurrence], met: Mapping[str, KnownDefect]) -> tuple[Occurrence, ...]:
    """The occurrences without those that say of an exchange what a defect says of it."""
    again = {(key, one.exchange) for one in occurrences if one.key in met for key in met[one.key].same_causes}
    return tuple(one for one in occurrences if (one.key, one.exchange) not in again)


def _differ_only_in(fields: frozenset[str], expected: Any, actual: Any) -> bool:
    """Whether two values are the same but for fields that are empty in what was seen."""
    if not (isinstance(expected, dict) and isinstance(actual, dict) and expected.keys() == actual.keys()):
        return same(actual, expected)
    return all(
        (key in fields and not actual[key]) or _differ_only_in(fields, value, actual[key])
        for key, value in expected.items()
    )
