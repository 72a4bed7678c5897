"""What a table shows: what was noticed, what was missed, and what nobody expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from hopcheck.authoring.findings import Outcome, Verdict
from hopcheck.authoring.registry import Case, Mutant
from hopcheck.engine.wire_contracts import CHECKS
from hopcheck.report.render.values import clip
from hopcheck.selftest.matrix import Cell
from hopcheck.selftest.mutants import HEALTHY, Column


@dataclass
class Proof:
    """What the table shows.

    Attributes:
        cells: How many were run.
        noticed: (case id, finding, mutant) where the finding that it names noticed it.
        missed: The same where it did not, with what happened instead.
        unexpected: (case id, relay, what happened) on mutants where nobody expects it; nobody expects a crash.
        minded: (case id, relay, what happened) on honest variants and the healthy relay.
        unbroken: (case id, finding) that no mutant breaks.
        suspicious: The cells that something of this was said of.
    """

    cells: int = 0
    noticed: list[tuple[str, str, str]] = field(default_factory=list)
    missed: list[tuple[str, str, str, str]] = field(default_factory=list)
    unexpected: list[tuple[str, str, str]] = field(default_factory=list)
    minded: list[tuple[str, str, str]] = field(default_factory=list)
    unbroken: list[tuple[str, str]] = field(default_factory=list)
    suspicious: list[Cell] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the suite can be trusted."""
        return not (self.missed or self.unexpected or self.minded or self.unbroken) and self.cells > 0


def weigh(table: Iterable[Cell], of: Sequence[Column], cases: Mapping[str, Case]) -> Proof:
    """Say what a table shows."""
    proof = Proof()
    known = {column.name: column for column in of}
    checks: dict[str, set[str]] = {}
    for cell in table:
        proof.cells += 1
        if cell.column == HEALTHY:
            checks[cell.verdict.case_id] = {finding.check for finding in cell.verdict.findings} - set(CHECKS)
        if not _weigh_cell(proof, known[cell.column], cell.verdict, cases[cell.verdict.case_id]):
            proof.suspicious.append(cell)
    broken = {(case_id, finding) for case_id, finding, _ in proof.noticed}
    proof.unbroken = sorted(
        (case_id, check) for case_id, names in checks.items() for check in names if (case_id, check) not in broken
    )
    return proof


def _weigh_cell(proof: Proof, column: Column, verdict: Verdict, case: Case) -> bool:
    """Add a cell to a proof; returns whether it is as it should be."""
    if column.honest:
        fine = verdict.outcome is Outcome.CONFORMS
        if not fine:
            proof.minded.append((verdict.case_id, column.name, happened(verdict)))
        return fine
    own = [example for case_id, example in column.breaks if case_id == verdict.case_id]
    if own:
        found = [_weigh_own(proof, verdict, example) for example in own]
        return all(found)
    fine = not _is_unexpected(verdict, column, case)
    if not fine:
        proof.unexpected.append((verdict.case_id, column.name, happened(verdict)))
    return fine


def _is_unexpected(verdict: Verdict, column: Column, case: Case) -> bool:
    """Whether a case says something on another one's mutant that nobody has announced.

    What is wrong on the wire is wrong in every case, so a contract's finding needs no announcement.
    """
    if verdict.outcome is Outcome.BROKEN:
        return True
    by_contract = bool(verdict.failed) and all(finding.check in CHECKS for finding in verdict.failed)
    if verdict.outcome is Outcome.CONFORMS or (by_contract and verdict.outcome is Outcome.DEVIATES):
        return False
    return not _expected(column, case)


def _weigh_own(proof: Proof, verdict: Verdict, example: Mutant) -> bool:
    found = notices(verdict, example.killed_by)
    if found:
        proof.noticed.append((verdict.case_id, example.killed_by, example.name))
    else:
        proof.missed.append((verdict.case_id, example.killed_by, example.name, happened(verdict)))
    return found


def notices(verdict: Verdict, check: str) -> bool:
    """Whether the finding of that name fails and those before it hold; untestable or broken never counts."""
    if verdict.outcome not in (Outcome.DEVIATES, Outcome.ADVISORY):
        return False
    first = next((finding for finding in verdict.findings if not finding.ok), None)
    return first is not None and first.check == check


def _expected(column: Column, case: Case) -> bool:
    for case_id, example in column.breaks:
        if any(fnmatchcase(case.id, pattern) for pattern in example.trips):
            return True
        if any(fnmatchcase(f"{case_id}:{example.name}", pattern) for pattern in case.trips_on):
            return True
    return False


def happened(verdict: Verdict) -> str:
    """A verdict in one line."""
    failed = [
        f"{one.check}: expected {clip(repr(one.expected))}, got {clip(repr(one.actual))}" for one in verdict.failed
    ]
    reason = verdict.reason.strip().splitlines()[-1:]
    said = reason or failed  # why a case could not be judged says more than what was found until then
    return f"{verdict.outcome.value}: {'; '.join(said)}"
