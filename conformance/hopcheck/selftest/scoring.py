"""The score of a mutation matrix: which mutants were killed, which survived, and which failures nobody expects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import CasePattern, without_provider
from hopcheck.authoring.duties import TRANSLATES
from hopcheck.authoring.mutants import Mutant
from hopcheck.client.config import KIND
from hopcheck.engine.verdict import Outcome, Verdict
from hopcheck.report.causes import INVARIANTS
from hopcheck.report.render.values import clip
from hopcheck.selftest.columns import MatrixColumn
from hopcheck.selftest.matrix import Cell

NEVER = "not-applicable: no honest relay declares what this case is about"


@dataclass
class MatrixScore:
    """The score of a mutation matrix.

    Attributes:
        cells: The number of cells that were run.
        killed: (case key, check, mutant) where the check that the mutant names failed.
        survived: The same where it did not fail, with a summary of the verdict.
        unexpected: (case key, column, summary) of failures on other cases' mutants that no `trips` announces; a crash
            is never expected.
        false_positives: (case key, column, summary) of failures on the healthy relay and on honest relays.
        unkilled: (case key, check) of checks that kill no mutant.
        inert: The same of mutants that do what the healthy relay does on that operation, which nothing can show.
        suspicious: The cells that count against the suite.
        checks: The names of each case's checks on any relay, by case key.
    """

    cells: int = 0
    killed: list[tuple[str, str, str]] = field(default_factory=list)
    survived: list[tuple[str, str, str, str]] = field(default_factory=list)
    unexpected: list[tuple[str, str, str]] = field(default_factory=list)
    false_positives: list[tuple[str, str, str]] = field(default_factory=list)
    unkilled: list[tuple[str, str]] = field(default_factory=list)
    inert: list[tuple[str, str, str]] = field(default_factory=list)
    suspicious: list[Cell] = field(default_factory=list)
    checks: dict[str, set[str]] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        """Whether the suite can be trusted."""
        return not (self.survived or self.unexpected or self.false_positives or self.unkilled) and self.cells > 0


def score(matrix: Iterable[Cell], columns: Sequence[MatrixColumn], cases: Mapping[str, Case]) -> MatrixScore:
    """Score a mutation matrix."""
    total = MatrixScore()
    by_name = {column.name: column for column in columns}
    made: set[tuple[str, str]] = set()
    applied: dict[str, bool] = {}
    for cell in matrix:
        total.cells += 1
        verdict = cell.verdict
        names = {finding.check for finding in verdict.findings}
        total.checks.setdefault(verdict.key, set()).update(names)
        if by_name[cell.column].honest and _may_be_killed(by_name[cell.column], case_of(cases, verdict.key)):
            made |= {(verdict.key, name) for name in names}
            applied[verdict.key] = applied.get(verdict.key, False) or _is_applied(verdict)
        if not _score_cell(total, by_name[cell.column], verdict, case_of(cases, verdict.key)):
            total.suspicious.append(cell)
    total.false_positives += [(case_id, "every honest relay", NEVER) for case_id, ever in applied.items() if not ever]
    killed = {(case_id, check) for case_id, check, _ in total.killed}
    total.unkilled = sorted(made - killed)
    return total


def _may_be_killed(column: MatrixColumn, case: Case) -> bool:
    """Whether mutants are run where the column's relay is: those that translate are run on cases about that."""
    return not column.provider or TRANSLATES in case.needs


def case_of(cases: Mapping[str, Case], key: str) -> Case:
    """The case of a verdict's key, which may name a provider."""
    return cases[without_provider(key)[0]]


def _is_own(key: str, verdict: Verdict) -> bool:
    return key == without_provider(verdict.key)[0]


def _score_cell(total: MatrixScore, column: MatrixColumn, verdict: Verdict, case: Case) -> bool:
    """Add a cell to a score; returns whether it speaks for the suite."""
    if _is_not_owed(verdict, column):
        return True
    if column.honest:
        fine = (verdict.outcome is Outcome.CONFORMS or not _is_applied(verdict)) and not verdict.occurrences
        return _add_unless(fine, total.false_positives, column, verdict)
    own = [mutant for key, mutant in column.mutants if _is_own(key, verdict)]
    if own:
        scored = [_score_mutant(total, verdict, mutant) for mutant in own]  # all of them, whatever the first says
        return all(scored)
    return _add_unless(not _is_unexpected(verdict, column, case), total.unexpected, column, verdict)


def _is_not_owed(verdict: Verdict, column: MatrixColumn) -> bool:
    """Whether a case doesn't apply to a relay that declares to be of another kind of gateway.

    Nor does one to a provider whose dialect can't say what it is about: then no relay makes its checks there, either.
    """
    of_another_kind = not KIND.isdisjoint(column.relay.declares)
    is_own = any(_is_own(key, verdict) for key, _ in column.mutants)
    return verdict.outcome is Outcome.NOT_APPLICABLE and bool(column.provider or (of_another_kind and not is_own))


def _is_applied(verdict: Verdict) -> bool:
    """Whether a relay declares what a case is about; one honest relay at least has to."""
    return not (verdict.outcome is Outcome.NOT_APPLICABLE and "does not declare" in verdict.reason)


def _add_unless(fine: bool, failures: list[tuple[str, str, str]], column: MatrixColumn, verdict: Verdict) -> bool:
    if not fine:
        failures.append((verdict.key, column.name, summary_of(verdict)))
    return fine


def _is_unexpected(verdict: Verdict, column: MatrixColumn, case: Case) -> bool:
    """Whether a case fails on another case's mutant, and no `trips` announces it."""
    if verdict.outcome is Outcome.BROKEN:
        return True
    if verdict.outcome is Outcome.CONFORMS or verdict.untestable_by:
        return False
    return not _is_announced(column, case)


def _score_mutant(total: MatrixScore, verdict: Verdict, mutant: Mutant) -> bool:
    killed = kills(verdict, mutant.killed_by, mutant.also)
    if killed:
        total.killed.append((verdict.key, mutant.killed_by, mutant.name))
    else:
        total.survived.append((verdict.key, mutant.killed_by, mutant.name, summary_of(verdict)))
    return killed


def kills(verdict: Verdict, check: str, also: Collection[str] = ()) -> bool:
    """Whether the check of that name fails and those before it hold, apart from those in `also`.

    What must hold on every exchange has a check, too: it fails by an occurrence. A case that is untestable or broken
    never counts, unless a cause keeps it from being asked: that turns the gate red, and the check failed, too.
    """
    if check in INVARIANTS and any(occurrence.check == check for occurrence in verdict.occurrences):
        return True
    if verdict.outcome not in (Outcome.DEVIATES, Outcome.ADVISORY) and not verdict.untestable_by:
        return False
    failed = (finding for finding in verdict.findings if not finding.ok and finding.check not in also)
    first = next(failed, None)
    return first is not None and first.check == check


def without_inert(total: MatrixScore, inert: Collection[tuple[str, str, str]]) -> MatrixScore:
    """The score in which those survivors, (case key, check, mutant), count neither way."""
    survived = [one for one in total.survived if one[:3] not in inert]
    return replace(total, survived=survived, inert=sorted(inert))


def _is_announced(column: MatrixColumn, case: Case) -> bool:
    for key, mutant in column.mutants:
        if CasePattern.parse(key).case == case.id:  # its own case, on an operation that its fault reaches, too
            return True
        if any(fnmatchcase(case.id, pattern) for pattern in mutant.trips):
            return True
        if any(fnmatchcase(f"{CasePattern.parse(key).case}:{mutant.name}", pattern) for pattern in case.trips_on):
            return True
    return False


def summary_of(verdict: Verdict) -> str:
    """A verdict in one line."""
    failed = [
        f"{one.check}: expected {clip(repr(one.expected))}, got {clip(repr(one.actual))}" for one in verdict.failed
    ]
    failed += [occurrence.key for occurrence in verdict.occurrences]
    reason = verdict.reason.strip().splitlines()[-1:]
    return f"{verdict.outcome.value}: {'; '.join(reason or failed)}"  # a reason explains more than unfinished findings
