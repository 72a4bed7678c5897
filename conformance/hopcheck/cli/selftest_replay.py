"""What `selftest --replay` shows: for each mutant, that cassettes notice it, or why they can't."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from hopcheck.authoring.registry import Case
from hopcheck.cli.chain import require_server
from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.client import load_sdk
from hopcheck.gate.catalogue import all_cases
from hopcheck.gate.preflight import Unfit
from hopcheck.replay import live_only
from hopcheck.replay.offline import CassetteFolder
from hopcheck.selftest.on_cassettes import HEALTHY, Result, prove
from hopcheck_server.wire.event_loop import run as run_loop

JOBS = 12
"""Cases at once."""

_SHOWN = ("missed", "minded")


def run(arguments: argparse.Namespace, cases: Sequence[Case]) -> int:
    """Do it."""
    require_server()
    try:
        cassettes = CassetteFolder.read(arguments.replay, all_cases())
    except Unfit as unfit:
        raise Stop(USAGE, str(unfit)) from None
    begun, console = time.monotonic(), Console(highlight=False, soft_wrap=True)
    load_sdk()
    results = run_loop(_prove(cases, cassettes))
    for one in sorted(results, key=lambda result: (result.came, result.case_id)):
        if one.came in _SHOWN or arguments.verbose:
            console.print(f"{one.came:<14}{one.case_id}: {one.relay}  {one.how}", markup=False)
    _summarise(results, len(cases), time.monotonic() - begun, console)
    return DOES_NOT_HOLD if any(one.came in _SHOWN for one in results) else HOLDS


async def _prove(cases: Sequence[Case], cassettes: CassetteFolder) -> list[Result]:
    excluded = live_only(cases, cassettes.cassettes, cassettes.unrecorded)
    return [result async for result in prove(cases, cassettes.cassettes, excluded, JOBS)]


def _summarise(results: Sequence[Result], cases: int, took_s: float, console: Console) -> None:
    came = Counter(one.came for one in results if one.relay != HEALTHY)
    by_replay = sum(one.came == "noticed" and one.how.startswith("replay.") for one in results)
    minded = sum(one.came == "minded" for one in results)
    console.print(
        f"{cases} cases, {sum(came.values())} mutants: "
        f"{came['noticed']} noticed ({by_replay} by the replay's findings), {came['live-only']} of live-only cases, "
        f"{came['LiteLLM']} wrong in what is LiteLLM's work there, {came['missed']} missed; "
        f"{minded} cases red on the healthy relay; {took_s:.0f} s"
    )
