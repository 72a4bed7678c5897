"""The output of `selftest --replay`: for each mutant, which check kills it on cassettes, or why none can."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from hopcheck.authoring.case import Case
from hopcheck.cli.chain import require_server
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.client import load_sdk
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.unfit import Unfit
from hopcheck.replay import live_only
from hopcheck.replay.cassette_folder import CassetteFolder
from hopcheck.selftest.replayed.on_cassettes import HEALTHY, CassetteResult, run_on_cassettes
from hopcheck_server.wire.event_loop import run as run_loop

JOBS = 12
"""Cases at once."""

FAILURES = ("survived", "false positive")


def run(arguments: argparse.Namespace, cases: Sequence[Case]) -> int:
    """Run the mutants on cassettes; returns the exit code."""
    require_server()
    try:
        # Without those of providers: relays are asked for their own models alone.
        cassettes = CassetteFolder.read(arguments.replay, all_cases()).of_providers(())
    except Unfit as unfit:
        raise Stop(USAGE, str(unfit)) from None
    begun, console = time.monotonic(), Console(highlight=False, soft_wrap=True)
    load_sdk()
    results = run_loop(_collect(cases, cassettes))
    for one in sorted(results, key=lambda result: (result.status, result.case)):
        if one.status in FAILURES or arguments.verbose:
            console.print(f"{one.status:<15}{one.case}: {one.relay}  {one.detail}", markup=False)
    _summarise(results, len(cases), time.monotonic() - begun, console)
    return DOES_NOT_HOLD if any(one.status in FAILURES for one in results) else HOLDS


async def _collect(cases: Sequence[Case], cassettes: CassetteFolder) -> list[CassetteResult]:
    excluded = live_only(cases, cassettes.cassettes, cassettes.unrecorded)
    return [result async for result in run_on_cassettes(cases, cassettes.cassettes, excluded, JOBS)]


def _summarise(results: Sequence[CassetteResult], cases: int, took_s: float, console: Console) -> None:
    count = Counter(one.status for one in results if one.relay != HEALTHY)
    by_replay = sum(one.status == "killed" and one.detail.startswith("replay.") for one in results)
    false_positives = sum(one.status == "false positive" for one in results)
    console.print(
        f"{cases} cases, {sum(count.values())} mutants: "
        f"{count['killed']} killed ({by_replay} by the replay's checks), {count['live-only']} of live-only cases, "
        f"{count['LiteLLM']} wrong only in LiteLLM's work, {count['survived']} survived; "
        f"{false_positives} false positives on the healthy relay; {took_s:.0f} s"
    )
