"""The suite against itself: every counterexample and every honest variant, times every case.

A counterexample must be noticed by the finding that it names, and by nothing that nobody expects; an honest variant
by nothing; and every finding of every case must be broken by some counterexample.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from hopcheck.bench import Bench
from hopcheck.engine import cancel, following, run_case
from hopcheck.reach import Reach, touches
from hopcheck.registry import Case, Counterexample
from hopcheck_contracts.findings import Outcome, Verdict
from hopcheck_server.relay import Relay
from hopcheck_server.relay.variants import VARIANTS

HEALTHY = "healthy"
"""The column of the relay as it is."""

CLOCK_JOBS = 24
"""How many cases that read the clock run beside each other, on relays of their own: they wait more than they work."""

FLOOD_JOBS = 3
"""The same for those that flood."""


BESIDE_FLOOD = 0.25
"""Which part of its flood a case sends to a counterexample that isn't its own: it need not be noticed there."""


@dataclass(frozen=True)
class Column:
    """A relay class, and what is known of it.

    Attributes:
        name: Unique, fit for a URL.
        relay: The class.
        honest: Nothing may be noticed on it.
        breaks: Pairs (case id, counterexample) that it was registered for.
    """

    name: str
    relay: type[Relay]
    honest: bool = False
    breaks: tuple[tuple[str, Counterexample], ...] = ()


@dataclass(frozen=True)
class Cell:
    """One case on one relay."""

    column: str
    verdict: Verdict


@dataclass
class Proof:
    """What the table shows.

    Attributes:
        cells: How many were run.
        noticed: (case id, finding, counterexample) where the finding that it names noticed it.
        missed: The same where it did not, with what happened instead.
        unexpected: (case id, relay, what happened) on counterexamples where nobody expects it; nobody expects a crash.
        minded: (case id, relay, what happened) on honest variants and the healthy relay.
        unbroken: (case id, finding) that no counterexample breaks.
    """

    cells: int = 0
    noticed: list[tuple[str, str, str]] = field(default_factory=list)
    missed: list[tuple[str, str, str, str]] = field(default_factory=list)
    unexpected: list[tuple[str, str, str]] = field(default_factory=list)
    minded: list[tuple[str, str, str]] = field(default_factory=list)
    unbroken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether the suite can be trusted."""
        return not (self.missed or self.unexpected or self.minded or self.unbroken) and self.cells > 0


def columns(cases: Iterable[Case]) -> list[Column]:
    """The healthy relay, the honest variants, and each counterexample class once."""
    found: dict[type[Relay], list[tuple[str, Counterexample]]] = {}
    for case in cases:
        for example in case.counterexamples:
            found.setdefault(example.relay, []).append((case.id, example))
    honest = [Column(HEALTHY, Relay, honest=True)]
    honest += [Column(_slug("variant", relay), relay, honest=True) for relay in VARIANTS]
    wrong = [Column(_slug(examples[0][0], relay), relay, breaks=tuple(examples)) for relay, examples in found.items()]
    return honest + wrong


def _slug(stem: str, relay: type[Relay]) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", f"{stem}.{relay.__name__}")


async def cells(
    of: Sequence[Column], cases: Sequence[Case], reach: Reach | None, *, jobs: int = 32, diagonal: bool = False
) -> AsyncIterator[Cell]:
    """Run every case on every column; with `diagonal`, a counterexample only on the cases that it is registered for.

    With `reach`, cells that can say nothing are not run: where a case never reaches what the counterexample overrides,
    and on counterexamples that may trip anything.
    What reads the clock or floods runs after all else; what uses up a limit runs one after another on its relay.
    """
    seats = [seat for column in of for seat in _seats(column, cases, reach, diagonal=diagonal)]
    async with Bench({seat.name: seat.column.relay for seat in seats}, cases) as bench:
        for manner, at_once in ((_mixed, jobs), (_reads_the_clock, CLOCK_JOBS), (_floods, FLOOD_JOBS)):
            chains = [chain for seat in seats for chain in _chains(seat, manner)]
            async for cell in _run_chains(bench, chains, at_once):
                yield cell


@dataclass(frozen=True)
class Seat:
    """A relay of a column, and the cases that are run on it.

    A counterexample sits alone with each case that it is for, so that no other case has used up its state.
    """

    name: str
    column: Column
    cases: tuple[Case, ...]
    flood: float = 1.0


def _seats(column: Column, cases: Sequence[Case], reach: Reach | None, *, diagonal: bool) -> list[Seat]:
    if column.honest:
        return [Seat(column.name, column, tuple(cases))]
    own = {case_id for case_id, _ in column.breaks}
    seats = [Seat(f"{column.name}.{case.id}", column, (case,)) for case in cases if case.id in own]
    if not diagonal:
        others = (case for case in cases if case.id not in own)
        open_ = tuple(case for case in others if reach is None or _is_open(column, case, reach))
        seats.append(Seat(column.name, column, open_, BESIDE_FLOOD))
    return seats


def _is_open(column: Column, case: Case, reach: Reach) -> bool:
    """Whether a cell can say something: not where anything may happen, nor where the relay is the healthy one."""
    anything = any("*" in example.trips for _, example in column.breaks)
    return not anything and touches(column.relay, case, reach)


def _floods(case: Case) -> bool:
    return "heavy" in case.needs


def _reads_the_clock(case: Case) -> bool:
    return "timing" in case.needs and not _floods(case)


def _mixed(case: Case) -> bool:
    return not case.needs & {"timing", "heavy"}


Chain = list[tuple[Seat, Case]]
"""Cases that are run one after another."""


def _chains(seat: Seat, manner: Callable[[Case], bool]) -> list[Chain]:
    mine = [case for case in seat.cases if manner(case)]
    limited = [case for case in mine if _floods(case) or case.uses_a_limit]
    rest = [[(seat, case)] for case in mine if case not in limited]
    return [[(seat, case) for case in limited], *rest] if limited else rest


async def _run_chains(bench: Bench, chains: list[Chain], jobs: int) -> AsyncIterator[Cell]:
    queue: asyncio.Queue[Cell] = asyncio.Queue()
    pending = sorted(chains, key=len)
    total = sum(map(len, chains))

    async def work() -> None:
        while pending:
            for seat, case in pending.pop():
                setting = replace(bench.setting(seat.name), flood=seat.flood)
                verdict = await run_case(case, setting)
                queue.put_nowait(Cell(seat.column.name, verdict))

    workers = [asyncio.create_task(work()) for _ in range(jobs)]
    try:
        for _ in range(total):
            yield await following(queue, workers)
    finally:
        await cancel(workers)


def weigh(table: Iterable[Cell], of: Sequence[Column], cases: Mapping[str, Case]) -> Proof:
    """Say what a table shows."""
    proof = Proof()
    known = {column.name: column for column in of}
    checks: dict[str, set[str]] = {}
    for cell in table:
        proof.cells += 1
        column, verdict = known[cell.column], cell.verdict
        if column.name == HEALTHY:
            checks[verdict.case_id] = {finding.check for finding in verdict.findings}
        if column.honest:
            if verdict.outcome is not Outcome.CONFORMS:
                proof.minded.append((verdict.case_id, column.name, happened(verdict)))
            continue
        own = [example for case_id, example in column.breaks if case_id == verdict.case_id]
        for example in own:
            _weigh_own(proof, verdict, example)
        fails = not own and verdict.outcome is not Outcome.CONFORMS
        if fails and (verdict.outcome is Outcome.BROKEN or not _expected(column, cases[verdict.case_id])):
            proof.unexpected.append((verdict.case_id, column.name, happened(verdict)))
    broken = {(case_id, finding) for case_id, finding, _ in proof.noticed}
    proof.unbroken = sorted(
        (case_id, check) for case_id, names in checks.items() for check in names if (case_id, check) not in broken
    )
    return proof


def _weigh_own(proof: Proof, verdict: Verdict, example: Counterexample) -> None:
    if notices(verdict, example.breaks):
        proof.noticed.append((verdict.case_id, example.breaks, example.name))
    else:
        proof.missed.append((verdict.case_id, example.breaks, example.name, happened(verdict)))


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
    failed = [f"{one.check}: expected {_short(one.expected)}, got {_short(one.actual)}" for one in verdict.failed]
    said = "; ".join(failed) or verdict.reason.strip().splitlines()[-1:] or ""
    return f"{verdict.outcome.value}: {said if isinstance(said, str) else said[0]}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
