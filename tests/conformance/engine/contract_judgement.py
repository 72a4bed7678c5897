"""A case that says nothing itself, and what the contracts say of its exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hopcheck import Findings, Target, expect
from hopcheck.authoring.findings import Level
from hopcheck.engine.verdict import Occurrence, Outcome, Verdict
from hopcheck.engine.wire_contracts import CHECKS


def asking(*, stream: bool = False, **fields: Any):
    async def function(target: Target) -> Findings:
        """It is asked."""
        answer = await (target.chat.stream(**fields) if stream else target.chat.create(**fields))
        yield expect("asked", answer.status is not None, equals=True)

    return function


@dataclass(frozen=True)
class Judged:
    """What the contracts say of a case's exchanges."""

    verdict: Verdict

    @property
    def counts(self) -> dict[str, int]:
        """How many messages were judged, by check."""
        return {check: count for (check, _), count in self.verdict.judged.items() if check in CHECKS}

    def occurrences(self, check: str) -> list[Occurrence]:
        return [one for one in self.verdict.occurrences if one.check == check]

    def holds(self, check: str) -> bool:
        """Whether something was judged by it, and everything held."""
        return self.counts[check] > 0 and not self.occurrences(check)

    def details(self, check: str) -> list[str]:
        return [one.detail for one in self.occurrences(check)]


def contract(verdict: Verdict) -> Judged:
    """What the contracts say, once it is sure that the case's own outcome doesn't depend on it."""
    assert verdict.outcome is Outcome.CONFORMS
    assert [finding.check for finding in verdict.findings] == ["asked"]
    assert {one.level for one in verdict.occurrences} <= {Level.MUST}
    return Judged(verdict)
