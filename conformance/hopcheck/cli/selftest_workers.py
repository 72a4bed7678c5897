"""The processes of the self-test, each with a part of the mutation matrix."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

from hopcheck.gate.catalogue import all_cases, by_key, select
from hopcheck.selftest import Cell, MatrixColumn, cells, columns_of
from hopcheck.selftest.reach import Reach, reach_of
from hopcheck.selftest.reproduction import mutant_reports, unreproduced
from hopcheck_server.wire.event_loop import STOP_SIGNALS, raise_interrupt_on
from hopcheck_server.wire.event_loop import run as run_loop

BATCH_SIZE = 40
"""How many columns a batch has, at most; with fewer, another process isn't worth its start."""

DIAGONAL_BATCH_SIZE = 1000
"""The same where mutants meet only their own cases: the slowest cases of each batch are waited for."""

GC_THRESHOLDS = (200_000, 50, 1000)
"""When garbage is collected: rarely, and older objects hardly ever. The defaults take a quarter of the time."""


def run_matrix(
    columns: Sequence[MatrixColumn], keys: list[str], arguments: argparse.Namespace
) -> Iterator[tuple[float, list[Cell]]]:
    """Run the matrix in batches of columns, on one process more than there are cores.

    Yields:
        How much of it is done, from 0 to 1, and the cells of one more batch.
    """
    names = [column.name for column in columns]
    workers = worker_count(len(names), arguments)
    least = -(-len(names) // (DIAGONAL_BATCH_SIZE if arguments.diagonal else BATCH_SIZE))
    count = -(-least // workers) * workers  # so that none of the workers is idle at the end
    batches = [names[start::count] for start in range(count)]  # honest columns, the longest ones, are spread
    with worker_pool(workers) as pool:
        reach = None
        if not (arguments.full or arguments.diagonal):
            reach = pool.submit(trace, keys, arguments.cases, arguments.jobs).result()
        running = [
            pool.submit(run_batch, batch, keys, arguments.cases, reach, arguments.jobs, arguments.diagonal)
            for batch in batches
        ]
        for done, finished in enumerate(as_completed(running), 1):
            yield done / len(running), finished.result()


def run_reproductions(columns: Sequence[MatrixColumn], keys: list[str], arguments: argparse.Namespace) -> list[str]:
    """Reproduce what every mutant fails, on as many processes; returns a sentence for each that isn't met again."""
    names = [column.name for column in columns]
    workers = worker_count(len(names), arguments)
    count = max(workers, -(-len(names) // BATCH_SIZE))
    with worker_pool(workers) as pool:
        running = [
            pool.submit(reproduce_batch, names[start::count], keys, arguments.cases, arguments.jobs)
            for start in range(count)
        ]
        return [problem for finished in as_completed(running) for problem in finished.result()]


def worker_count(columns: int, arguments: argparse.Namespace) -> int:
    """How many processes share this number of columns."""
    return max(1, min(arguments.processes or (os.cpu_count() or 1) + 1, -(-columns // BATCH_SIZE)))


def reproduce_batch(names: list[str], keys: list[str], folder: Path | None, jobs: int) -> list[str]:
    """Reproduce what the mutants of these names fail, in this process."""
    known = by_key(select(all_cases(folder).values()))
    cases = [known[key] for key in keys]
    mine = [column for column in columns_of(cases) if column.name in names]
    return run_loop(unreproduced(mutant_reports(mine, cases), jobs))


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that end at once where this one is interrupted, also by SIGTERM; an executor alone would wait."""
    raise_interrupt_on(*STOP_SIGNALS)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool:
        try:
            _start(pool)
            yield pool
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.kill()
            raise


def _start(pool: ProcessPoolExecutor) -> None:
    """Start the processes; an interrupt waits meanwhile, since one that is half started would print a traceback."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    pool.submit(int)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def end_with_parent() -> None:
    """End this process as soon as the one that started it has gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel
        threading.Thread(target=lambda: (wait([sentinel]), os._exit(1)), daemon=True).start()


def trace(keys: list[str], folder: Path | None, jobs: int) -> Reach:
    """Run the cases of these keys on traced relays, in this process; returns what each reaches."""
    known = by_key(select(all_cases(folder).values()))
    return run_loop(reach_of([known[key] for key in keys], jobs))


def run_batch(
    names: list[str], keys: list[str], folder: Path | None, reach: Reach | None, jobs: int, diagonal: bool
) -> list[Cell]:
    """Run the columns of these names on the cases of these keys, in this process."""
    known = by_key(select(all_cases(folder).values()))
    cases = [known[key] for key in keys]
    mine = [column for column in columns_of(cases, combined=diagonal) if column.name in names]

    async def collect() -> list[Cell]:
        return [cell async for cell in cells(mine, cases, reach, jobs=jobs, diagonal=diagonal)]

    gc.collect()
    gc.freeze()  # what is loaded by now lives to the end, and need not be looked through again
    gc.set_threshold(*GC_THRESHOLDS)
    return run_loop(collect())
