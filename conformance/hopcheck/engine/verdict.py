"""The verdict on one case for one target, and how findings add up to it.

Knows nothing of HTTP, of cases, or of how reports look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hopcheck.authoring.findings import Finding, Level


class Outcome(StrEnum):
    """The outcome of a case, for one target."""

    CONFORMS = "conforms"
    ADVISORY = "advisory"
    DEVIATES = "deviates"
    UNTESTABLE = "untestable"
    NOT_APPLICABLE = "not-applicable"
    BROKEN = "broken"


FAILING = frozenset({Outcome.DEVIATES, Outcome.UNTESTABLE, Outcome.BROKEN})
"""Outcomes that fail a gate unless a baseline lists them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one case, for one target.

    Attributes:
        case_id: The case's id.
        outcome: See `Outcome`.
        reason: Why, where the findings alone do not say (untestable, not-applicable, broken); else empty.
        findings: In the order in which they were made; kept also when the case was cut short.
        duration_s: Wall time, in seconds.
        exchanges: What crossed the wire on both sides, as JSON for the report.
        reproduce: A curl line that puts the case's first request again; empty if there was none.
        notes: Waits and retries that the engine made, for the report.
    """

    case_id: str
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0
    exchanges: tuple[dict[str, Any], ...] = ()
    reproduce: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that do not hold, whatever their level."""
        return tuple(finding for finding in self.findings if not finding.ok)


def outcome_of(findings: Iterable[Finding], level: Level) -> Outcome:
    """Add findings up: a failing MUST deviates, another failing level is advisory, no finding at all is broken.

    Args:
        findings: Of one case.
        level: The case's level, for findings that name none.
    """
    made = tuple(findings)
    if not made:
        return Outcome.BROKEN
    failing = {finding.level or level for finding in made if not finding.ok}
    if Level.MUST in failing:
        return Outcome.DEVIATES
    return Outcome.ADVISORY if failing else Outcome.CONFORMS
