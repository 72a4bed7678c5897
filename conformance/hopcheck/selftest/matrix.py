"""The cells of the mutation matrix: runs every case on every relay, where the outcome isn't known already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.duties import TRANSLATES
from hopcheck.client.operations import OF_PROVIDERS
from hopcheck.engine.case_run import run_case
from hopcheck.engine.scheduler import ChainPool, run_pools
from hopcheck.engine.verdict import Verdict
from hopcheck.selftest.columns import HEALTHY, MatrixColumn, url_part
from hopcheck.selftest.reach import Reach, touches
from hopcheck.selftest.relay_host import RelayHost
from hopcheck_server.relay.translating import TranslatingRelay
from hopcheck_server.wire.tasks import bounded_map

CLOCK_JOBS = 24
"""How many cases that read the clock run at once, on relays of their own: they wait more than they work."""

FLOOD_JOBS = 3
"""How many cases that flood a relay run at once."""

RERUN_JOBS = 3
"""How many suspicious cells are run again at once."""

FOREIGN_RUN: dict[str, Any] = {"flood": 0.1, "contracts": False}
"""How a case is run on another case's mutant, which it need not kill."""


@dataclass(frozen=True)
class Cell:
    """The verdict of one case on the relay of one column."""

    column: str
    verdict: Verdict


async def cells(
    columns: Sequence[MatrixColumn],
    cases: Sequence[Case],
    reach: Reach | None,
    *,
    jobs: int = 32,
    diagonal: bool = False,
) -> AsyncIterator[Cell]:
    """Run every case on every column.

    Cases that read the clock or flood a relay run after all others; cases that use up a limit run one after another.

    Args:
        columns: The relays.
        cases: The cases.
        reach: Skips the cells whose outcome is known: where a case never reaches what the relay overrides, and on
            mutants that may trip anything. None runs them all.
        jobs: How many cases run at once.
        diagonal: Run a mutant only on the cases that it is registered for.
    """
    hosted = [relay for column in columns for relay in _hosted(column, cases, reach, diagonal=diagonal)]
    async with RelayHost({relay.name: relay.column.relay for relay in hosted}, cases) as host:
        for belongs, at_once in ((_is_plain, jobs), (_reads_the_clock, CLOCK_JOBS), (_floods, FLOOD_JOBS)):
            chains = [chain for relay in hosted for chain in _chains(relay, belongs)]
            async for cell in _run_chains(host, chains, at_once):
                yield cell


async def run_cells_again(pairs: Sequence[tuple[MatrixColumn, Case]]) -> list[Cell]:
    """Run each case on its relay once more, with few at once."""

    async def run_once_more(pair: tuple[MatrixColumn, Case]) -> list[Cell]:
        column, case = pair
        return [cell async for cell in cells([column], [case], None, jobs=1)]

    return [cell for found in await bounded_map(run_once_more, pairs, RERUN_JOBS) for cell in found]


@dataclass(frozen=True)
class HostedRelay:
    """One relay of a column, and the cases that are run on it.

    A mutant has a relay for each of its own cases, so that no other case has used up its state. Cases that take the
    backend down share another, one after another. Floods have a relay each; those of other cases are shortened.
    """

    name: str
    column: MatrixColumn
    cases: tuple[Case, ...]
    foreign: bool = False


def _hosted(column: MatrixColumn, cases: Sequence[Case], reach: Reach | None, *, diagonal: bool) -> list[HostedRelay]:
    cases = [case for case in cases if _is_asked_of(column, case)]
    if column.honest:
        reach = None if column.name == HEALTHY else reach
        return _apart(HostedRelay(column.name, column, _differing(column, cases, reach)))
    own = {key for key, _ in column.mutants}
    hosted = [HostedRelay(f"{column.name}.{url_part(case.key)}", column, (case,)) for case in cases if case.key in own]
    if not diagonal:
        others = tuple(case for case in cases if case.key not in own)
        anything = any("*" in mutant.trips for _, mutant in column.mutants)
        open_ = () if anything and reach is not None else _differing(column, others, reach)
        hosted += _apart(HostedRelay(column.name, column, open_, foreign=True))
    return hosted


def _is_asked_of(column: MatrixColumn, case: Case) -> bool:
    """Whether a case can say something of a column's relay: of one that translates in its own way, cases about that."""
    if not column.provider:
        return TRANSLATES not in case.needs
    is_plain = TranslatingRelay in column.relay.__bases__ and column.relay.__name__ == TranslatingRelay.__name__
    return case.operation in OF_PROVIDERS and (is_plain or TRANSLATES in case.needs)


def _differing(column: MatrixColumn, cases: Sequence[Case], reach: Reach | None) -> tuple[Case, ...]:
    """The cases whose cells are worth running: in the others, the column's relay does what the healthy one does."""
    return tuple(case for case in cases if reach is None or touches(column.fault, reach[case.key], column.operation))


def _apart(relay: HostedRelay) -> list[HostedRelay]:
    """One relay for the cases that may share it, and one each for those that may not."""
    return [one for part in _without_outages(relay) for one in _without_floods(part)]


def _without_outages(relay: HostedRelay) -> list[HostedRelay]:
    """The relay without the cases that take the backend down, and one for those."""
    downs = tuple(case for case in relay.cases if _takes_down(case))
    rest = replace(relay, cases=tuple(case for case in relay.cases if case not in downs))
    return [rest, replace(relay, name=f"{relay.name}.outages", cases=downs)] if downs else [relay]


def _without_floods(relay: HostedRelay) -> list[HostedRelay]:
    """The relay without the cases that flood, and one for each of those: one after another they take half a minute."""
    floods = [case for case in relay.cases if case.floods]
    rest = replace(relay, cases=tuple(case for case in relay.cases if case not in floods))
    return [rest, *(replace(relay, name=f"{relay.name}.{url_part(case.key)}", cases=(case,)) for case in floods)]


def _takes_down(case: Case) -> bool:
    return "outage" in case.needs


def _floods(case: Case) -> bool:
    return case.floods


def _reads_the_clock(case: Case) -> bool:
    """Whether it runs among the few: a burst, too, has to fit into the second that a limit's window lasts."""
    return (case.reads_clock or case.uses_a_limit) and not case.floods


def _is_plain(case: Case) -> bool:
    return not case.floods and not _reads_the_clock(case)


Chain = list[tuple[HostedRelay, Case]]
"""Cases that are run one after another."""


def _chains(relay: HostedRelay, belongs: Callable[[Case], bool]) -> list[Chain]:
    mine = [case for case in relay.cases if belongs(case)]
    limited = [case for case in mine if case.floods or _takes_down(case) or case.uses_a_limit]
    rest = [[(relay, case)] for case in mine if case not in limited]
    return [[(relay, case) for case in limited], *rest] if limited else rest


async def _run_chains(host: RelayHost, chains: list[Chain], jobs: int) -> AsyncIterator[Cell]:
    async def run_step(step: tuple[HostedRelay, Case]) -> Cell:
        relay, case = step
        context = host.context(relay.name)
        verdict = await run_case(case, replace(context, **FOREIGN_RUN) if relay.foreign else context)
        return Cell(relay.column.name, verdict.at(relay.column.provider))

    longest_first = sorted(chains, key=len, reverse=True)
    async with aclosing(run_pools([ChainPool(longest_first, jobs)], run_step)) as made:
        async for cell in made:
            yield cell
