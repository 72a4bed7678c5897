"""Run the mutants of the invariants, and the honest relays, with the invariants' own probes."""

from __future__ import annotations

import argparse

from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS
from hopcheck.selftest.invariants import mutants
from hopcheck.selftest.invariants.registry import INVARIANT_MUTANTS
from hopcheck.selftest.invariants.trials import false_positives, survivors
from hopcheck_server.relay import Relay
from hopcheck_server.relay.honest import HONEST_RELAYS
from hopcheck_server.wire.event_loop import run as run_loop


def run(arguments: argparse.Namespace) -> int:
    """Print what survived and what was found in honest relays; returns the exit code."""
    relays: tuple[type[Relay], ...] = (Relay, *HONEST_RELAYS)
    survived = run_loop(survivors(INVARIANT_MUTANTS, arguments.jobs))
    wrong = run_loop(false_positives(relays, arguments.jobs))
    for problem in survived:
        print(f"survived        {problem}")
    for problem in wrong:
        print(f"false positive  {problem}")
    cells = sum(len(one.operations) for one in INVARIANT_MUTANTS)
    print(
        f"{len(INVARIANT_MUTANTS)} mutants of invariants in {len(mutants.__all__)} groups, on {cells} operations: "
        f"{len(survived)} survived; {len(relays)} honest relays: {len(wrong)} false positives"
    )
    return DOES_NOT_HOLD if survived or wrong else HOLDS
