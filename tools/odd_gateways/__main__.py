"""Every case on every odd gateway: `python -m tools.odd_gateways [--once] [GLOB ...]`, on those whose names match.

With `--once`, each case runs on one gateway alone.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from hopcheck.gate.catalogue import all_cases, select
from hopcheck_server.wire.event_loop import run
from tools.odd_gateways.odd_run import dealt, judge
from tools.odd_gateways.relays import odd_gateways


def main(patterns: Sequence[str], *, once: bool = False) -> int:
    """Print what broke hopcheck; returns 1 if anything did."""
    begun, cases = time.monotonic(), select(all_cases().values(), ())
    chosen = [one for one in odd_gateways() if any(fnmatchcase(one.name, pattern) for pattern in patterns)]
    pairs = dealt(chosen, cases) if once else [(gateway, cases) for gateway in chosen]
    found = run(judge(pairs, lambda sentence: print(sentence, flush=True)))
    print(
        f"{len(chosen)} odd gateways, {found.verdicts} verdicts in {time.monotonic() - begun:.0f} s: "
        f"{len(found.faults)} faults of hopcheck's"
    )
    return bool(found.faults)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main([word for word in words if word != "--once"] or ["*"], once="--once" in words))
