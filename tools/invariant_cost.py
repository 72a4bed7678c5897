"""Gates the healthy relay, and prints which part of its CPU time judges invariants, and of what that consists.

`python -m tools.invariant_cost [--runs 2]`: the stack is sampled as the process uses CPU time. Imports don't count,
nor does the relay, which runs in the same process. The exit code is 1 if judging takes more than a fifth of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from hopcheck_server.relay import Relay
from tools.rare_faults import run_gate

INTERVAL_S = 0.002
"""CPU time between two samples."""

MOST = 0.2
"""The share of a run's time that judging may take."""

RELAY = "hopcheck_server.relay"
NOT_COUNTED = (RELAY, "importlib")
CONTRACTS = "hopcheck.engine.wire_contracts"
JUDGES = ("hopcheck.engine.invariants", CONTRACTS, "hopcheck.engine.acceptance")
JUDGING = (*JUDGES, "hopcheck.engine.exchange_judge", "hopcheck.engine.exchanges")


def modules_of(frame: FrameType | None) -> Iterator[str]:
    """The modules of a stack, the innermost first."""
    while frame is not None:
        yield str(frame.f_globals.get("__name__", ""))
        frame = frame.f_back


def part_of(modules: Sequence[str]) -> str:
    """What a stack belongs to: a module that judges, what doesn't count, or anything else of the gate (`""`)."""
    if any(name.startswith(NOT_COUNTED) for name in modules):
        return RELAY
    judging = [name for name in modules if name.startswith(JUDGING)]
    judges = [name for name in judging if name.startswith(JUDGES)]
    return judges[-1] if judges else "".join(judging[-1:])


@contextmanager
def sampled_parts() -> Iterator[Counter[str]]:
    """Count samples by their part while the context lasts."""
    counts: Counter[str] = Counter()

    def count(_signal: int, frame: FrameType | None) -> None:
        counts[part_of([*modules_of(frame)])] += 1

    before = signal.signal(signal.SIGPROF, count)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        yield counts
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main(words: Sequence[str] | None = None) -> int:
    """Print the share of each module that judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2)
    with sampled_parts() as counts:
        used_s, took_s = time.process_time(), 0.0
        for _ in range(parser.parse_args(words).runs):
            took_s += asyncio.run(run_gate(Relay)).duration_s
        used_s = time.process_time() - used_s
    judging = Counter({name: number for name, number in counts.items() if name.startswith(JUDGING)})
    total = counts.total() - counts[RELAY]
    for name, number in judging.most_common():
        print(f"{number / total:6.1%}  {name}")
    invariants_s = (judging.total() - judging[CONTRACTS]) / counts.total() * used_s
    share = (judging.total() - judging[CONTRACTS]) / total
    print(f"{share:6.1%}  of the gate's CPU time judges invariants, contracts apart ({total} samples)")
    print(f"{invariants_s / took_s:6.1%}  of the runs' time: {invariants_s:.1f} s of {took_s:.1f} s")
    return 1 if invariants_s > MOST * took_s else 0


if __name__ == "__main__":
    raise SystemExit(main())
