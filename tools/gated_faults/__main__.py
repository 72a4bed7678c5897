"""`python -m tools.gated_faults [FIRST …]`: gates the relays, and prints for each fault the check that named it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence

from tools.gated_faults import eighth, fifth, first, fourth, ninth, second, seventh, sixth, tenth, third
from tools.gated_faults.conditions import completions, refusals, requests, retries, streams
from tools.gated_faults.fault import lines_of
from tools.gated_faults.further import (
    answered,
    asked,
    falsy,
    forms,
    places,
    rarer,
    seldom,
    streamed,
    together,
    unusual,
    wider,
)
from tools.rare_faults import run_gate

FILES = (first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth)
CONDITIONS = (requests, retries, completions, streams, refusals)
FURTHER = (asked, streamed, answered, wider, rarer, unusual, seldom, forms, places, falsy, together)
RELAYS = {module.__name__.rpartition(".")[2]: module.FAULTS for module in (*FILES, *CONDITIONS, *FURTHER)}

LEAST = 0.95
"""The share of the faults that must be named."""


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each fault; the exit code is 1 if too few were named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("relays", nargs="*", choices=[*RELAYS, []], help="which relays; default: all")
    chosen = parser.parse_args(words).relays or [*RELAYS]
    named = 0
    for name in chosen:
        result = asyncio.run(run_gate(RELAYS[name].relay()))
        lines = lines_of(result.verdicts)
        print(f"{name}: {len(lines)} lines")
        for fault in RELAYS[name]:
            line = fault.named_in(lines)
            named += bool(line)
            print(f"  {fault.story}\n    {line or 'NOT NAMED'}")
    faults = sum(len(RELAYS[name]) for name in chosen)
    print(f"{named} of {faults} faults are named by a check about them")
    return 0 if named >= LEAST * faults else 1


if __name__ == "__main__":
    raise SystemExit(main())
