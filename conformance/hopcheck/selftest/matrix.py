"""The table's cells: runs every case on every relay, as far as that can say something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any

from hopcheck.authoring.findings import Verdict
from hopcheck.authoring.registry import Case
from hopcheck.engine.run import run_case
from hopcheck.selftest.mutants import HEALTHY, Column
from hopcheck.selftest.reach import Reach, touches
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.wire.tasks import cancel, following

CLOCK_JOBS = 24
"""How many cases that read the clock run beside each other, on relays of their own: they wait more than they work."""

FLOOD_JOBS = 3
"""The same for those that flood."""

AGAIN_JOBS = 3
"""How many cells that weren't as they should be are run once more beside each other."""

BESIDE: dict[str, Any] = {"flood": 0.1, "contracts": False}
"""How a case is run on a mutant that isn't its own: it need not be noticed there."""


@dataclass(frozen=True)
class Cell:
    """One case on one relay."""

    column: str
    verdict: Verdict


async def cells(
    of: Sequence[Column], cases: Sequence[Case], reach: Reach | None, *, jobs: int = 32, diagonal: bool = False
) -> AsyncIterator[Cell]:
    """Run every case on every column; with `diagonal`, a mutant only on the cases that it is registered for.

    With `reach`, cells that can say nothing are not run: where a case never reaches what the relay overrides, and on
    mutants that may trip anything.
    What reads the clock or floods runs after all else; what uses up a limit runs one after another on its relay.
    """
    seats = [seat for column in of for seat in _seats(column, cases, reach, diagonal=diagonal)]
    async with RelayHost({seat.name: seat.column.relay for seat in seats}, cases) as bench:
        for manner, at_once in ((_mixed, jobs), (_reads_the_clock, CLOCK_JOBS), (_floods, FLOOD_JOBS)):
            chains = [chain for seat in seats for chain in _chains(seat, manner)]
            async for cell in _run_chains(bench, chains, at_once):
                yield cell


async def again(pairs: Sequence[tuple[Column, Case]]) -> list[Cell]:
    """Run each case on its relay once more, with little beside it."""
    room = asyncio.Semaphore(AGAIN_JOBS)

    async def once_more(column: Column, case: Case) -> list[Cell]:
        async with room:
            return [cell async for cell in cells([column], [case], None, jobs=1)]

    return [cell for found in await asyncio.gather(*starmap(once_more, pairs)) for cell in found]


@dataclass(frozen=True)
class Seat:
    """A relay of a column, and the cases that are run on it.

    A mutant sits alone with each case that it is for, so that no other case has used up its state. Cases that
    take the backend down have a relay of their own, one after another. Beside its own cases a mutant is met by
    part of a flood, each on a relay of its own, and by no contract: what is wrong on the wire is wrong in every case,
    and needn't be told of each.
    """

    name: str
    column: Column
    cases: tuple[Case, ...]
    beside: bool = False


def _seats(column: Column, cases: Sequence[Case], reach: Reach | None, *, diagonal: bool) -> list[Seat]:
    if column.honest:
        reach = None if column.name == HEALTHY else reach
        return _apart(Seat(column.name, column, _differing(column, cases, reach)))
    own = {case_id for case_id, _ in column.breaks}
    seats = [Seat(f"{column.name}.{case.id}", column, (case,)) for case in cases if case.id in own]
    if not diagonal:
        others = (case for case in cases if case.id not in own)
        anything = any("*" in example.trips for _, example in column.breaks)
        open_ = () if anything and reach is not None else _differing(column, tuple(others), reach)
        for seat in _apart(Seat(column.name, column, open_, beside=True)):
            seats += _spread(seat)
    return seats


def _differing(column: Column, cases: Sequence[Case], reach: Reach | None) -> tuple[Case, ...]:
    """The cases whose cell can say something: the others are the healthy relay's, for all that is run of the column."""
    return tuple(case for case in cases if reach is None or touches(column.relay, case, reach))


def _apart(seat: Seat) -> list[Seat]:
    """The seat without the cases that take the backend down, and one for those."""
    downs = tuple(case for case in seat.cases if _takes_down(case))
    rest = replace(seat, cases=tuple(case for case in seat.cases if case not in downs))
    return [rest, replace(seat, name=f"{seat.name}.outages", cases=downs)] if downs else [seat]


def _spread(seat: Seat) -> list[Seat]:
    """The seat without the cases that flood, and one for each of those: one after another they took half a minute."""
    floods = [case for case in seat.cases if _floods(case)]
    rest = replace(seat, cases=tuple(case for case in seat.cases if case not in floods))
    return [rest, *(replace(seat, name=f"{seat.name}.{case.id}", cases=(case,)) for case in floods)]


def _takes_down(case: Case) -> bool:
    return "outage" in case.needs


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
    limited = [case for case in mine if _floods(case) or _takes_down(case) or case.uses_a_limit]
    rest = [[(seat, case)] for case in mine if case not in limited]
    return [[(seat, case) for case in limited], *rest] if limited else rest


async def _run_chains(bench: RelayHost, chains: list[Chain], jobs: int) -> AsyncIterator[Cell]:
    queue: asyncio.Queue[Cell] = asyncio.Queue()
    pending = sorted(chains, key=len)
    total = sum(map(len, chains))

    async def work() -> None:
        while pending:
            for seat, case in pending.pop():
                setting = bench.context(seat.name)
                verdict = await run_case(case, replace(setting, **BESIDE) if seat.beside else setting)
                queue.put_nowait(Cell(seat.column.name, verdict))

    workers = [asyncio.create_task(work()) for _ in range(jobs)]
    try:
        for _ in range(total):
            yield await following(queue, workers)
    finally:
        await cancel(workers)
