"""The output of `selftest --mutants`: which of the independently written mutants get past the suite."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

from rich.console import Console

from hopcheck.authoring.case import Case
from hopcheck.authoring.outside import import_folder
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.gate.catalogue import all_cases
from hopcheck.selftest.independent import INDEPENDENT, IndependentMutant, IndependentTrial, run_trials, trials_of
from hopcheck_server.wire.event_loop import run as run_loop


def run(arguments: argparse.Namespace, cases: Sequence[Case]) -> int:
    """Run them on the cases selected; returns the exit code."""
    import_folder(arguments.mutants)
    selected = {case.key for case in cases}
    pairs = [pair for pair in trials_of(INDEPENDENT, all_cases(arguments.cases)) if pair[1].key in selected]
    if not pairs:
        raise Stop(USAGE, f"{arguments.mutants} holds no mutant of these cases; `@violates` registers one.")
    begun, console = time.monotonic(), Console(highlight=False, soft_wrap=True)
    trials = run_loop(_collect(pairs, arguments.jobs))
    survivors = [trial for trial in trials if not trial.killers]
    for trial in sorted(trials, key=lambda trial: trial.case.key):
        if trial in survivors:
            console.print(f"survived       {trial.line}; the case {trial.verdict.outcome.value}", markup=False)
        elif arguments.verbose:
            console.print(f"killed         {trial.line}: {', '.join(trial.killers)}", markup=False)
    for line in (*_by_area(trials), *_summary(trials, cases)):
        console.print(line)
    console.print(f"{time.monotonic() - begun:.0f} s")
    return DOES_NOT_HOLD if survivors else HOLDS


def _by_area(trials: Sequence[IndependentTrial]) -> Iterator[str]:
    """A line for each area: how many were killed there."""
    areas = sorted({_area(trial) for trial in trials})
    for area in areas:
        within = [trial for trial in trials if _area(trial) == area]
        killed = [trial for trial in within if trial.killers]
        yield f"{area:14} {len(killed)} of {len(within)} killed ({len(killed) / len(within):.0%})"


def _area(trial: IndependentTrial) -> str:
    return trial.case.id.partition(".")[0]


def _summary(trials: Sequence[IndependentTrial], cases: Sequence[Case]) -> Iterator[str]:
    killed = [trial for trial in trials if trial.killers]
    by_checks = sum(bool(trial.checks) for trial in killed)
    by_causes = sum(bool(trial.causes) and not trial.checks for trial in killed)
    without = {case.id for case in cases} - {trial.case.id for trial in trials}
    yield (
        f"{len({trial.mutant for trial in trials})} mutants, {len(trials)} with their operations: "
        f"{len(killed)} killed ({len(killed) / len(trials):.1%}), {len(trials) - len(killed)} survived; "
        f"{len(without)} cases have none"
    )
    yield (
        f"killed by a check of the case: {by_checks}, by an invariant or a contract alone: {by_causes}, "
        f"since the case couldn't be asked: {len(killed) - by_checks - by_causes}"
    )


async def _collect(pairs: Sequence[tuple[IndependentMutant, Case]], jobs: int) -> list[IndependentTrial]:
    return [trial async for trial in run_trials(pairs, jobs)]
