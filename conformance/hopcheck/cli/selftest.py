"""Run the suite against itself: every mutant and every honest relay, times every case."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from hopcheck.authoring.case import Case
from hopcheck.authoring.mistakes import CaseError, suggestion
from hopcheck.cli.case_arguments import add_case_folder
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.cli.files import require_folders
from hopcheck.cli.selftest_workers import run_matrix, run_reproductions
from hopcheck.gate.catalogue import all_cases, by_key, select
from hopcheck.report.build import report_text
from hopcheck.report.causes import INVARIANTS
from hopcheck.selftest import (
    Cell,
    MatrixColumn,
    MatrixScore,
    columns_of,
    inert_among,
    run_cells_again,
    score,
    summary_of,
    without_inert,
)
from hopcheck.selftest.matrix_page import matrix_document, matrix_page
from hopcheck.selftest.scoring import case_of
from hopcheck_server.private_files import write_whole
from hopcheck_server.wire.event_loop import run as run_loop

RERUN_LIMIT = 120
"""How many suspicious cells are run again, at most: more of them are no coincidence."""

PROGRESS_S = 20.0
"""How long a log is silent about how far the matrix is, at least."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("pattern", nargs="*", help="cases, by id or pattern; default: all")
    add_case_folder(parser)
    parser.add_argument(
        "--diagonal", action="store_true", help="run mutants on their own cases only, and honest relays in combinations"
    )
    parser.add_argument("--full", action="store_true", help="run the cells, too, whose outcome is already known")
    parser.add_argument("--jobs", type=int, default=32, help="cases at once, per process (default: %(default)s)")
    parser.add_argument("--processes", type=int, default=0, help="default: one more than there are cores")
    parser.add_argument(
        "--replay", type=Path, metavar="FOLDER", help="run the mutants on these cassettes, without the matrix"
    )
    parser.add_argument(
        "--reproduce",
        action="store_true",
        help="see that each mutant's report reproduces its failure, without the matrix",
    )
    parser.add_argument(
        "--mutants", type=Path, metavar="FOLDER", help="run the mutants in these files (see `violates`) on their cases"
    )
    parser.add_argument(
        "--invariants", action="store_true", help="run the mutants of the invariants with probes, without the matrix"
    )
    for kind in ("json", "html"):
        parser.add_argument(f"--{kind}", type=Path, metavar="FILE", help=f"write the mutation matrix as {kind.upper()}")
    parser.add_argument("--verbose", action="store_true", help="list the mutants that were killed, too")


def run(arguments: argparse.Namespace) -> int:
    """Run the self-test; returns the exit code."""
    cases = select(all_cases(arguments.cases).values(), arguments.pattern)
    if not cases:
        raise Stop(USAGE, f"no case matches {' '.join(arguments.pattern)!r}; `hopcheck cases` lists them all.")
    if arguments.replay:
        from hopcheck.cli.selftest_replay import run as run_replay

        return run_replay(arguments, cases)
    if arguments.invariants:
        from hopcheck.cli.selftest_invariants import run as run_invariants

        return run_invariants(arguments)
    if arguments.mutants:
        from hopcheck.cli.selftest_independent import run as run_independent

        return run_independent(arguments, cases)
    if arguments.reproduce:
        return _reproduce(cases, arguments)
    require_folders(path for path in (arguments.json, arguments.html) if path)
    console, begun = Console(highlight=False), time.monotonic()
    columns = columns_of(cases, combined=arguments.diagonal)
    matrix = _collect(columns, cases, arguments, console)
    known = by_key(cases)
    total = score(matrix, columns, known)
    require_named_checks(total, known)
    if 0 < len(total.suspicious) <= RERUN_LIMIT:
        total = rerun_suspicious(matrix, total, columns, known, console)
    total = without_inert(total, find_inert(total, columns, known))
    print_score(total, cases, columns, console, verbose=arguments.verbose)
    write_matrix(total, cases, columns, arguments)
    skipped = 0 if arguments.diagonal else len(columns) * len(cases) - total.cells
    note = f"; the outcome of {skipped} more is known" if skipped else ""
    console.print(f"{total.cells} cells in {time.monotonic() - begun:.0f} s{note}", soft_wrap=True)
    return HOLDS if total.holds else DOES_NOT_HOLD


def find_inert(
    total: MatrixScore, columns: Sequence[MatrixColumn], cases: Mapping[str, Case]
) -> set[tuple[str, str, str]]:
    """The survivors, of mutants that are wrong on one operation, that do what the healthy relay does."""
    survived = {(key, check, name) for key, check, name, _ in total.survived}
    pairs = {
        (key, mutant.killed_by, mutant.name): (column.relay, cases[key])
        for column in columns
        if column.operation
        for key, mutant in column.mutants
        if (key, mutant.killed_by, mutant.name) in survived
    }
    inert = run_loop(inert_among(list(pairs.values()))) if pairs else []
    return {survivor for survivor, is_inert in zip(pairs, inert, strict=True) if is_inert}


def _reproduce(cases: Sequence[Case], arguments: argparse.Namespace) -> int:
    columns = [column for column in columns_of(cases) if column.mutants]
    problems = run_reproductions(columns, [case.key for case in cases], arguments)
    for problem in sorted(problems):
        print(f"not reproduced  {problem}")
    print(f"{len(columns)} mutants reproduced from the reports of their cases, {len(problems)} problems")
    return DOES_NOT_HOLD if problems else HOLDS


def _collect(
    columns: Sequence[MatrixColumn], cases: Sequence[Case], arguments: argparse.Namespace, console: Console
) -> list[Cell]:
    matrix: list[Cell] = []
    shown_at = time.monotonic()
    for done, batch in run_matrix(columns, [case.key for case in cases], arguments):
        matrix += batch
        if console.is_terminal or time.monotonic() - shown_at > PROGRESS_S:
            shown_at = time.monotonic()
            console.print(f"{done:4.0%}  {len(matrix)} cells", end="\r" if console.is_terminal else "\n")
    return matrix


def require_named_checks(total: MatrixScore, cases: Mapping[str, Case]) -> None:
    """Refuse mutants that survive because their `killed_by` is no check of their case, on any relay.

    Raises:
        CaseError: There are some; a sentence for each.
    """
    mistakes = [
        f"{mutant.place}: {case_id} makes no check {mutant.killed_by!r}, which is to kill {mutant.name}"
        + suggestion(mutant.killed_by, total.checks[case_id].difference(INVARIANTS))
        for case_id, check, name, _ in total.survived
        if check not in total.checks[case_id] and check not in INVARIANTS
        for mutant in case_of(cases, case_id).mutants
        if (mutant.killed_by, mutant.name) == (check, name)
    ]
    if mistakes:
        raise CaseError("\n".join(mistakes))


def rerun_suspicious(
    matrix: Sequence[Cell],
    first: MatrixScore,
    columns: Sequence[MatrixColumn],
    cases: Mapping[str, Case],
    console: Console,
) -> MatrixScore:
    """Run the suspicious cells once more, nearly alone, in which the watchdog saw that hopcheck itself was held up.

    A failure that doesn't show again is printed, and doesn't count.
    """
    by_name = {column.name: column for column in columns}
    places = {(cell.column, cell.verdict.key) for cell in first.suspicious if cell.verdict.held_up}
    pairs = [(by_name[name], case_of(cases, key)) for name, key in sorted(places)]
    second = run_loop(run_cells_again(pairs))
    rest = [cell for cell in matrix if (cell.column, cell.verdict.key) not in places]
    total = score([*rest, *second], columns, cases)
    shown_again = {(cell.column, cell.verdict.key) for cell in total.suspicious}
    for cell in first.suspicious:
        if (cell.column, cell.verdict.key) not in shown_again:
            where = f"{escape(cell.verdict.key)} on {cell.column}"
            console.print(f"[yellow]once only[/]      {where}: {escape(summary_of(cell.verdict))}", soft_wrap=True)
    return total


def print_score(
    total: MatrixScore, cases: Sequence[Case], columns: Sequence[MatrixColumn], console: Console, *, verbose: bool
) -> None:
    """Print what counts against the suite (with `verbose`, the mutants that were killed, too), and a summary."""

    def line(style: str, kind: str, text: str) -> None:
        console.print(f"[{style}]{kind:<14}[/] {text}", soft_wrap=True)

    for case_id, check, name in sorted(total.killed) if verbose else ():
        line("green", "killed", f"{escape(case_id)}: {escape(check)}  [dim]{name}[/]")
    for case_id, check, name, instead in sorted(total.survived):
        line("red", "survived", f"{escape(case_id)}: {name} should fail {escape(repr(check))}; {escape(instead)}")
    for case_id, check, name in total.inert:
        line("dim", "inert", f"{escape(case_id)}: {name} does what the healthy relay does, so {escape(check)!r} holds")
    for case_id, name, instead in sorted(total.unexpected):
        line("red", "unexpected", f"{escape(case_id)} on {name}: {escape(instead)}")
    for case_id, name, instead in sorted(total.false_positives):
        line("red", "false positive", f"{escape(case_id)} on {name}: {escape(instead)}")
    for case_id, check in total.unkilled:
        line("red", "unkilled", f"{escape(case_id)}: no mutant fails {escape(repr(check))}")
    console.print(summary_line(total, cases, columns), style="green" if total.holds else "red", soft_wrap=True)


def summary_line(total: MatrixScore, cases: Sequence[Case], columns: Sequence[MatrixColumn]) -> str:
    """The score in one line."""
    mutants = len({mutant.relay for case in cases for mutant in case.mutants})
    honest = sum(column.honest for column in columns)
    return (
        f"{len({case.id for case in cases})} cases ({len(cases)} with their operations), {mutants} mutants, "
        f"{honest} honest relays: {len(total.killed)} killed, {len(total.survived)} survived, "
        f"{len(total.inert)} inert, {len(total.unexpected)} unexpected, "
        f"{len(total.false_positives)} false positives, {len(total.unkilled)} checks that kill no mutant"
    )


def write_matrix(
    total: MatrixScore, cases: Sequence[Case], columns: Sequence[MatrixColumn], arguments: argparse.Namespace
) -> None:
    """Write the matrix in the formats that were asked for."""
    document = matrix_document(total, cases, summary_line(total, cases, columns))
    if arguments.json:
        write_whole(arguments.json, report_text(document))
    if arguments.html:
        write_whole(arguments.html, matrix_page(document))
