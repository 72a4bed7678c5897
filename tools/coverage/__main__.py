"""How often the intervals of `hopcheck load` hold the truth, and its knees are right: `python -m tools.coverage`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hopcheck_load.stats import blocks
from tools.coverage.knees import RISING, simulate_knees
from tools.coverage.scenarios import SCENARIOS, simulate


def main(words: Sequence[str] | None = None) -> int:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tools.coverage", description=__doc__)
    parser.add_argument("--runs", type=int, default=400, help="runs of each scenario (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resamples", type=int, default=400, help="of each interval (default: %(default)s)")
    arguments = parser.parse_args(words)
    blocks.RESAMPLES = arguments.resamples
    print("| | runs with an interval | intervals that hold the truth | runs with a wrong interval |\n|---|---|---|---|")
    for scenario in SCENARIOS:
        found = simulate(scenario, arguments.runs, arguments.seed)
        print(f"| {scenario} | {found.shown:.0%} | {found.coverage:.1%} | {found.wrong:.1%} |", flush=True)
    print("\n| | right | unknown | wrong |\n|---|---|---|---|")
    for rising in RISING:
        knees = simulate_knees(rising, arguments.runs, arguments.seed)
        print(f"| {rising} | {knees.right:.1%} | {knees.unknown:.1%} | {knees.wrong:.1%} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
