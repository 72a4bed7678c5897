"""Decides which cases run at the same time, and runs them: the gate, recordings, the self-test and replays use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hopcheck.authoring.case import Case
from hopcheck.authoring.isolation import Isolation
from hopcheck_server.wire.tasks import cancel, following

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Phase:
    """Cases of a run that follow those of the phase before.

    Attributes:
        shared: Cases that run at the same time, as many as there are jobs.
        serial: Cases that run meanwhile, one after another.
        settles: Whether each case waits until the target answers a healthy request.
    """

    shared: tuple[Case, ...] = ()
    serial: tuple[Case, ...] = ()
    settles: bool = False

    @property
    def cases(self) -> tuple[Case, ...]:
        """All cases of the phase, the shared ones first."""
        return (*self.shared, *self.serial)


def phases(cases: Iterable[Case], *, rests: bool = True) -> Iterator[Phase]:
    """Sort cases into the phases of a run, by their isolation.

    Args:
        cases: The cases.
        rests: Whether the target may rest a provider that fails.
    """
    ordered = sorted(cases, key=lambda case: case.key)
    by_isolation = {kind: tuple(case for case in ordered if case.isolation is kind) for kind in Isolation}
    longest_first = sorted(by_isolation[Isolation.SHARED], key=lambda case: -case.pause_s)
    yield Phase(shared=tuple(longest_first), serial=by_isolation[Isolation.RATE_WINDOW])
    yield Phase(shared=by_isolation[Isolation.PACED])
    yield Phase(serial=by_isolation[Isolation.EXCLUSIVE])
    cooling = by_isolation[Isolation.COOLDOWN]
    yield Phase(serial=cooling, settles=True) if rests else Phase(shared=cooling)
    yield Phase(serial=by_isolation[Isolation.RECOVERY])


@dataclass(frozen=True, slots=True)
class ChainPool(Generic[T]):
    """Chains of work, each done step by step, and how many chains are worked on at the same time."""

    chains: Sequence[Sequence[T]]
    jobs: int


async def run_pools(pools: Iterable[ChainPool[T]], work: Callable[[T], Awaitable[R]]) -> AsyncGenerator[R, None]:
    """Work on all pools at the same time, and yield each result as it is made.

    Raises:
        Exception: What `work` raised; the rest is cancelled then.
    """
    results: asyncio.Queue[R] = asyncio.Queue()

    async def do_chains(pending: Iterator[Sequence[T]]) -> None:
        for chain in pending:
            for step in chain:
                results.put_nowait(await work(step))

    workers = []
    total = 0
    for pool in pools:
        pending = iter(pool.chains)
        workers += [asyncio.create_task(do_chains(pending)) for _ in range(min(pool.jobs, len(pool.chains)))]
        total += sum(map(len, pool.chains))
    try:
        for _ in range(total):
            yield await following(results, workers)
    finally:
        await cancel(workers)
