"""Run the suite against itself: every mutant and every honest variant, times every case."""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing.connection import wait
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hopcheck.authoring.registry import Case
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.gate.catalogue import all_cases, select
from hopcheck.selftest import Cell, Column, Proof, again, cells, columns, happened, weigh
from hopcheck.selftest.reach import Reach, reach_of
from hopcheck_server.wire.event_loop import run as run_loop

BATCH = 40
"""Relays that one batch hosts, at most."""

YOUNG_ONLY = (200_000, 50, 1000)
"""When garbage is collected: by counts of objects, rarely the older ones. By default it takes a quarter of the time."""

AGAIN = 120
"""So many cells that aren't as they should be are looked at once more; with more of them, it is no coincidence."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    parser.add_argument("pattern", nargs="*", help="cases, by id or pattern; default: all")
    parser.add_argument("--diagonal", action="store_true", help="mutants only on the cases that they are for")
    parser.add_argument("--full", action="store_true", help="run the cells, too, whose outcome is already known")
    parser.add_argument("--jobs", type=int, default=32, help="cases at once, per process (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=0, help="default: one more than there are cores")
    parser.add_argument(
        "--replay", type=Path, metavar="FOLDER", help="whether these cassettes notice the mutants of their cases"
    )
    parser.add_argument("--verbose", action="store_true", help="say what each mutant was noticed by")


def run(arguments: argparse.Namespace) -> int:
    """Do it."""
    cases = select(all_cases().values(), arguments.pattern)
    if not cases:
        raise Stop(USAGE, f"no case matches {' '.join(arguments.pattern)!r}; `hopcheck cases` lists them all.")
    if arguments.replay:
        from hopcheck.cli.selftest_replay import run as run_replay

        return run_replay(arguments, cases)
    console, begun, of = Console(highlight=False), time.monotonic(), columns(cases)
    known = {case.id: case for case in cases}
    table: list[Cell] = []
    for done, cell in enumerate(_table(of, [case.id for case in cases], arguments), 1):
        table.append(cell)
        if console.is_terminal and done % 50 == 0:
            console.print(f"{done} cells", end="\r")
    proof = weigh(table, of, known)
    if 0 < len(proof.suspicious) <= AGAIN:
        proof = look_again(table, proof, of, known, console)
    _print(proof, cases, of, console, verbose=arguments.verbose)
    settled = 0 if arguments.diagonal else len(of) * len(cases) - proof.cells
    beside = f"; {settled} more could say nothing" if settled else ""
    console.print(f"{proof.cells} cells in {time.monotonic() - begun:.0f} s{beside}", soft_wrap=True)
    return HOLDS if proof.holds else DOES_NOT_HOLD


def look_again(
    table: Sequence[Cell], first: Proof, of: Sequence[Column], known: Mapping[str, Case], console: Console
) -> Proof:
    """Run what isn't as it should be once more, nearly alone: a machine that was held up makes some of it.

    What doesn't show again is told, and doesn't count.
    """
    by_name = {column.name: column for column in of}
    places = {(cell.column, cell.verdict.case_id) for cell in first.suspicious}
    pairs = [(by_name[name], known[case_id]) for name, case_id in sorted(places)]
    second = run_loop(again(pairs))
    rest = [cell for cell in table if (cell.column, cell.verdict.case_id) not in places]
    proof = weigh([*rest, *second], of, known)
    shown_again = {(cell.column, cell.verdict.case_id) for cell in proof.suspicious}
    for cell in first.suspicious:
        if (cell.column, cell.verdict.case_id) not in shown_again:
            told = escape(happened(cell.verdict))
            console.print(f"[yellow]once only[/]  {cell.verdict.case_id} on {cell.column}: {told}", soft_wrap=True)
    return proof


def _table(of: Sequence[Column], ids: list[str], arguments: argparse.Namespace) -> Iterator[Cell]:
    """Run the table in batches of columns, on as many processes as there are cores."""
    names = [column.name for column in of]
    least = -(-len(names) // BATCH)
    workers = min(arguments.processes or (os.cpu_count() or 1) + 1, least)
    count = -(-least // workers) * workers  # so that none of the workers is idle at the end
    batches = [names[start::count] for start in range(count)]  # honest columns, the longest ones, are spread
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent) as pool:
        reach = None
        if not (arguments.full or arguments.diagonal):
            reach = pool.submit(trace, ids, arguments.jobs).result()
        running = [pool.submit(run_batch, batch, ids, reach, arguments.jobs, arguments.diagonal) for batch in batches]
        for finished in as_completed(running):
            yield from finished.result()


def end_with_parent() -> None:
    """End this process as soon as the one that started it has gone, however that ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        sentinel = parent.sentinel
        threading.Thread(target=lambda: (wait([sentinel]), os._exit(1)), daemon=True).start()


def trace(ids: list[str], jobs: int) -> Reach:
    """What the cases of these ids reach, found in this process."""
    known = all_cases()
    return run_loop(reach_of([known[case_id] for case_id in ids], jobs))


def run_batch(names: list[str], ids: list[str], reach: Reach | None, jobs: int, diagonal: bool) -> list[Cell]:
    """Run the columns of these names on the cases of these ids, in this process."""
    known = all_cases()
    cases: list[Case] = [known[case_id] for case_id in ids]
    mine = [column for column in columns(cases) if column.name in names]

    async def collect() -> list[Cell]:
        return [cell async for cell in cells(mine, cases, reach, jobs=jobs, diagonal=diagonal)]

    gc.collect()
    gc.freeze()  # what is loaded by now lives to the end, and need not be looked through again
    gc.set_threshold(*YOUNG_ONLY)
    return run_loop(collect())


def _print(proof: Proof, cases: Sequence[Case], of: Sequence[Column], console: Console, *, verbose: bool) -> None:
    if verbose:
        for case_id, check, name in sorted(proof.noticed):
            console.print(f"[green]noticed[/]    {case_id}: {escape(check)}  [dim]{name}[/]", soft_wrap=True)
    for case_id, check, name, instead in sorted(proof.missed):
        console.print(
            f"[red]missed[/]     {case_id}: {name} should break {escape(repr(check))}; {escape(instead)}",
            soft_wrap=True,
        )
    for case_id, name, instead in sorted(proof.unexpected):
        console.print(f"[red]unexpected[/] {case_id} on {name}: {escape(instead)}", soft_wrap=True)
    for case_id, name, instead in sorted(proof.minded):
        console.print(f"[red]minded[/]     {case_id} on the honest {name}: {escape(instead)}", soft_wrap=True)
    for case_id, check in proof.unbroken:
        console.print(f"[red]unbroken[/]   {case_id}: no mutant breaks {escape(repr(check))}", soft_wrap=True)
    wrong = sum(bool(column.breaks) for column in of)
    console.print(
        f"{len(cases)} cases, {wrong} mutants, {len(of) - wrong} honest relays: "
        f"{len(proof.noticed)} noticed, {len(proof.missed)} missed, {len(proof.unexpected)} unexpected, "
        f"{len(proof.minded)} red on honest relays, {len(proof.unbroken)} findings that nothing breaks",
        style="green" if proof.holds else "red",
    )
