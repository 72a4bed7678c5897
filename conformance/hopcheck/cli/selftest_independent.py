"""The output of `selftest --mutants`: which of the independently written mutants get past the suite."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

from rich.console import Console

from hopcheck.authoring.outside import import_folder
from hopcheck.authoring.registry import Case
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
    rate = (len(trials) - len(survivors)) / len(trials)
    without = sorted({case.id for case in cases} - {trial.case.id for trial in trials})
    console.print(
        f"{len({trial.mutant for trial in trials})} mutants, {len(trials)} with their operations: "
        f"{len(trials) - len(survivors)} killed ({rate:.1%}), {len(survivors)} survived; "
        f"{len(without)} cases have none; {time.monotonic() - begun:.0f} s"
    )
    return DOES_NOT_HOLD if survivors else HOLDS


async def _collect(pairs: Sequence[tuple[IndependentMutant, Case]], jobs: int) -> list[IndependentTrial]:
    return [trial async for trial in run_trials(pairs, jobs)]
