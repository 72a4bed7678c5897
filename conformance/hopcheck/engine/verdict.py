"""The verdict on one case for one target, and how findings add up to it.

Knows nothing of HTTP, of cases, or of how reports look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NamedTuple

from hopcheck.authoring.case_names import case_key
from hopcheck.authoring.findings import Finding, Level


class Outcome(StrEnum):
    """The outcome of a case, for one target."""

    CONFORMS = "conforms"
    ADVISORY = "advisory"
    DEVIATES = "deviates"
    FLAKY = "flaky"
    UNTESTABLE = "untestable"
    NOT_APPLICABLE = "not-applicable"
    BROKEN = "broken"


FAILING = frozenset({Outcome.DEVIATES, Outcome.FLAKY, Outcome.UNTESTABLE, Outcome.BROKEN})
"""Outcomes that fail a gate unless a baseline lists them."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that something which must hold on every exchange did not.

    Attributes:
        check: What must hold: `contract.response`, `acceptance`, …
        cause: What was wrong, without its varying parts: equal for the same mistake wherever it is made.
        detail: What was wrong, in full.
        level: How binding it is.
        operation: How the target was asked (`chat`, `chat.stream`, …).
        exchange: The client's request that it belongs to, counted from 0 within the case; None where that is unknown.
    """

    check: str
    cause: str
    detail: str
    level: Level
    operation: str
    exchange: int | None = None

    @property
    def key(self) -> str:
        """Check and cause as one text, by which reports and baselines name it."""
        return f"{self.check}: {self.cause}"


class Masked(NamedTuple):
    """A comparison that was made without a known defect of the target's.

    Attributes:
        cause: The key of the occurrence by which the defect is known.
        comparison: The check.
    """

    cause: str
    comparison: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one case, for one target.

    Attributes:
        case_id: The case's id.
        outcome: See `Outcome`.
        reason: Why, where the findings alone do not say (untestable, not-applicable, broken); else empty.
        findings: In the order in which they were made; kept also when the case was cut short.
        duration_s: Wall time, in seconds.
        exchanges: What crossed the wire on both sides, as JSON for the report; the failing exchanges come first.
        evidence: The exchanges that each failing check is about, counted from 0 within the case; those at which a case
            stopped that made no failing finding have the name "".
        reproduce: A curl line that sends the failing request again, or the first one; empty if there was none.
        notes: Waits and retries that the engine made, for the report.
        operation: How the target was asked.
        occurrences: What did not hold on the case's exchanges, whatever the case is about; no part of its outcome.
        judged: How many messages were held to what must hold on every exchange, by check and operation.
        asked: How many requests the case sent, by operation.
        held_up: How hopcheck itself was held up meanwhile, so that times say nothing about the target; or "".
        untestable_by: The key of the occurrence that kept the case from being asked, or "".
        masked: The comparisons that hold only without a known defect of the target's.
        provider: The provider that was asked for; "" for the one that speaks OpenAI's dialect.
    """

    case_id: str
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    duration_s: float = 0.0
    exchanges: tuple[dict[str, Any], ...] = ()
    evidence: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    reproduce: str = ""
    notes: tuple[str, ...] = ()
    operation: str = "chat"
    occurrences: tuple[Occurrence, ...] = ()
    judged: Mapping[tuple[str, str], int] = field(default_factory=dict)
    asked: Mapping[str, int] = field(default_factory=dict)
    held_up: str = ""
    untestable_by: str = ""
    masked: tuple[Masked, ...] = ()
    provider: str = ""

    @property
    def place(self) -> str:
        """The operation, with the provider if it isn't OpenAI's: `chat.stream@anthropic`."""
        return place_of(self.operation, self.provider)

    @property
    def key(self) -> str:
        """The case's id with its place: `errors.shape[chat.stream]`, `errors.shape[chat.stream@anthropic]`."""
        return case_key(self.case_id, self.place)

    def at(self, provider: str) -> Verdict:
        """The same verdict as one on a provider, whose name is added to the operations of what was judged."""
        if not provider:
            return self
        return replace(
            self,
            provider=provider,
            occurrences=tuple(replace(one, operation=place_of(one.operation, provider)) for one in self.occurrences),
            judged={(check, place_of(name, provider)): count for (check, name), count in self.judged.items()},
            asked={place_of(name, provider): count for name, count in self.asked.items()},
        )

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that do not hold, whatever their level."""
        return tuple(finding for finding in self.findings if not finding.ok)

    @property
    def failing(self) -> tuple[int, ...]:
        """The exchanges that the failing checks are about, in the order of the checks."""
        return tuple(dict.fromkeys(place for places in self.evidence.values() for place in places))


def place_of(operation: str, provider: str) -> str:
    """An operation with the provider that was asked for, if that isn't OpenAI's."""
    return f"{operation}@{provider}" if provider else operation


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
