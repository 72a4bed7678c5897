"""`python -m tools.mutation [PART …] [--mutants 400] [--seed 1]`: prints the survivors, and the share that was killed.

The exit code is 1 if fewer than 90 % were. A survivor with a reason in `survivors.toml` changes nothing that could be
noticed, and doesn't count.
"""

from __future__ import annotations

import argparse
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools.mutation.parts import PARTS, MutatedPart
from tools.mutation.session import SessionResult, Survivor, run_session

LEAST = 0.9
"""The share of mutants that must be killed."""

KNOWN = Path(__file__).with_name("survivors.toml")


def main(words: Sequence[str] | None = None) -> int:
    """Run the sessions, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*(part.name for part in PARTS), []], help="default: all")
    parser.add_argument("--mutants", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    chosen = [part for part in PARTS if part.name in options.parts or not options.parts]
    run = partial(_run, mutants=-(-options.mutants // len(chosen)), seed=options.seed)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, chosen))
    return report(results, tomllib.loads(KNOWN.read_text()))


def _run(part: MutatedPart, mutants: int, seed: int) -> SessionResult:
    with tempfile.TemporaryDirectory(prefix="hopcheck-mutation-") as folder:
        return run_session(part, mutants, seed, Path(folder))


def report(results: Sequence[SessionResult], known: Mapping[str, str]) -> int:
    """Print what came of it.

    Args:
        results: Of each part.
        known: The reason why a survivor doesn't count, by its file and the line that it changed.
    """
    killed = counted = 0
    for result in results:
        unknown = [one for one in result.survivors if not reason_for(one, known)]
        killed, counted = killed + result.killed, counted + result.killed + len(unknown)
        print(f"{result.part}: {result.killed} killed, {len(result.survivors)} survived")
        for one in result.survivors:
            print(f"  {one.place} {reason_for(one, known)}\n{_indented(one.diff)}")
    print(f"{killed} of {counted} that count were killed: {100 * killed / max(1, counted):.1f} %")
    return 0 if killed >= LEAST * counted else 1


def reason_for(survivor: Survivor, known: Mapping[str, str]) -> str:
    """Why a survivor doesn't count; "" if it does."""
    file = survivor.place.rpartition(":")[0]
    before = next((line[1:].strip() for line in survivor.diff.splitlines() if line.startswith("-")), "")
    return known.get(f"{file}: {before}", "")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


if __name__ == "__main__":
    raise SystemExit(main())
