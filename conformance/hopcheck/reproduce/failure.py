"""What failed in a report, found by its id, and whether a new verdict fails in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.cause_view import shown_id
from hopcheck.report.document import CaseEntry, Document, failed_findings


class Answer(Enum):
    """Whether a failure is met again."""

    AGAIN = "fails again"
    HOLDS = "holds now"
    UNTESTABLE = "can't be asked now"
    BROKEN = "hopcheck failed"


@dataclass(frozen=True)
class ReportedFailure:
    """What failed at a target.

    Attributes:
        case: The case that met it, with its operation: `errors.shape[chat]`.
        checks: The checks of the case that failed; empty for a cause, and for a case that couldn't be asked.
        cause: Check and cause of what must hold on every exchange, or "".
    """

    case: str
    checks: frozenset[str] = frozenset()
    cause: str = ""

    @property
    def shown(self) -> str:
        """What failed, in words."""
        if self.cause:
            return self.cause
        return ", ".join(sorted(map(repr, self.checks))) or "the case can't be asked"

    def answered_by(self, verdict: Verdict) -> Answer:
        """Whether a verdict on the same case shows the failure, too."""
        if verdict.outcome is Outcome.BROKEN:
            return Answer.BROKEN
        if self.met_in(verdict):
            return Answer.AGAIN
        unasked = verdict.outcome in (Outcome.UNTESTABLE, Outcome.NOT_APPLICABLE)
        return Answer.UNTESTABLE if unasked else Answer.HOLDS

    def met_in(self, verdict: Verdict) -> bool:
        """Whether one of the checks fails, or the cause is met."""
        if self.cause:
            return self.cause in {one.key for one in verdict.occurrences}
        return bool(self.checks & {finding.check for finding in verdict.failed})

    def exchanges_in(self, verdict: Verdict) -> tuple[int, ...]:
        """The exchanges of a verdict that the failure is about, or those that it would be about."""
        if self.cause:
            met = (one.exchange for one in verdict.occurrences if one.key == self.cause and one.exchange is not None)
            return tuple(dict.fromkeys(met))
        about = (place for check in verdict.evidence if check in self.checks for place in verdict.evidence[check])
        return tuple(dict.fromkeys(about)) or verdict.failing


def failures_named(document: Document, name: str) -> list[ReportedFailure]:
    """The failures that an id stands for: `errors.shape[chat]`, `errors.shape`, or `C3`; a cause has several examples.

    Raises:
        LookupError: Nothing of that id failed; the text says what there is.
    """
    found = list(_of_cause(document, name)) or list(_of_case(document, name))
    if found:
        return found
    if any(name in (case["id"], shown_id(case)) for case in document["cases"]):
        raise LookupError(f"{name} did not fail in this report.")
    known = [cause["id"] for cause in document["causes"]]
    known += [shown_id(case) for case in document["cases"] if _failed(case)]
    raise LookupError(f"this report has no {name}; failed: {', '.join(known) or 'nothing'}.")


def _of_cause(document: Document, name: str) -> Iterator[ReportedFailure]:
    for cause in document["causes"]:
        if cause["id"] == name:
            key = f"{cause['check']}: {cause['cause']}"
            yield from (ReportedFailure(one["case"], cause=key) for one in cause["examples"])


def _of_case(document: Document, name: str) -> Iterator[ReportedFailure]:
    for case in document["cases"]:
        if name in (case["id"], shown_id(case)) and _failed(case):
            checks = frozenset(finding["check"] for finding in failed_findings(case))
            yield ReportedFailure(shown_id(case), checks, case["untestable_by"])


def _failed(case: CaseEntry) -> bool:
    return case["outcome"] not in (Outcome.CONFORMS, Outcome.NOT_APPLICABLE)
