"""Gates the healthy relay again and again while one core is kept busy, and prints how many runs were green.

`python -m tools.busy_gates [--runs 20]`: no run may blame the relay for a slow machine. The exit code is 1 if one does.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hopcheck_server.relay import Relay
from tools.rare_faults import reasons, run_gate


def keep_busy() -> None:
    """Use a core until this process is ended."""
    while True:
        pass


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy while the context lasts."""
    process = multiprocessing.get_context("spawn").Process(target=keep_busy, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def main(words: Sequence[str] | None = None) -> int:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args(words).runs
    green = 0
    with busy_core():
        for number in range(1, runs + 1):
            result = asyncio.run(run_gate(Relay))
            found = reasons(result)
            green += not found
            summary = ", ".join(found) or "green"
            print(f"run {number}: {len(result.verdicts)} verdicts in {result.duration_s:.0f} s: {summary}", flush=True)
    print(f"{green} of {runs} runs were green")
    return 0 if green == runs else 1


if __name__ == "__main__":
    raise SystemExit(main())
