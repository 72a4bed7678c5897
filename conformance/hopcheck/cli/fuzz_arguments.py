"""The gate's options for property tests, and the files that they leave."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from hopcheck.cli.exits import USAGE, Stop
from hopcheck.cli.files import write
from hopcheck.engine.sessions import Session
from hopcheck.fuzz.example import FOLDER, Unreadable, example_text, file_name, read_example
from hopcheck.fuzz.fuzz_cases import Amount, Fuzzing, all_fuzz_cases
from hopcheck.fuzz.operations import OPERATIONS, SEARCHES
from hopcheck.fuzz.saved_examples import Replaying
from hopcheck.gate.catalogue import select
from hopcheck.report.render.progress import RunProgress

EXAMPLES = 100
"""So many chat requests, unless another number is given."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what it takes."""
    group = parser.add_argument_group("property tests")
    group.add_argument(
        "--fuzz",
        nargs="?",
        type=int,
        const=EXAMPLES,
        metavar="N",
        help=f"try N generated chat requests, too (default: {EXAMPLES}), a quarter of that for all else, and walks",
    )
    group.add_argument("--seed", type=int, default=1, metavar="N", help="another one, other examples")
    group.add_argument("--fuzz-time", type=float, metavar="S", help="end the search after so many seconds")
    group.add_argument(
        "--example", action="append", type=Path, default=[], metavar="FILE", help="only play what was found before"
    )


def session_of(arguments: argparse.Namespace) -> Session | None:
    """The session that was asked for, if one was.

    Raises:
        Stop: Something is wrong with it, or the extra isn't installed.
    """
    if arguments.example:
        return _replaying(arguments.example)
    if arguments.fuzz is None:
        return None
    if arguments.fuzz < 1 or (arguments.fuzz_time is not None and arguments.fuzz_time <= 0):
        raise Stop(USAGE, "--fuzz and --fuzz-time must be greater than 0.")
    chosen = select(all_fuzz_cases().values(), arguments.select, arguments.profile)
    if not chosen:
        raise Stop(USAGE, "--fuzz was given, but none of its cases is chosen: add --select 'fuzz.*' or --profile fuzz.")
    amount = Amount(arguments.fuzz, arguments.seed, arguments.fuzz_time)
    try:
        return Fuzzing([SEARCHES[case.id] for case in chosen], amount)
    except ModuleNotFoundError:
        raise Stop(USAGE, "--fuzz needs more: pip install 'hopcheck[fuzz]'") from None


def _replaying(files: list[Path]) -> Replaying:
    try:
        examples = {str(path): read_example(path) for path in files}
    except Unreadable as unreadable:
        raise Stop(USAGE, str(unreadable)) from None
    unknown = [path for path, example in examples.items() if example.operation not in OPERATIONS]
    if unknown:
        raise Stop(USAGE, f"{unknown[0]} is an example of something that this version doesn't know.")
    return Replaying(examples)


def follow(session: Session | None, progress: RunProgress) -> None:
    """Let a progress display follow a search."""
    if isinstance(session, Fuzzing):
        session.told = progress.went


def write_examples(session: Session | None, folder: Path = Path(FOLDER)) -> list[Path]:
    """Write what a search found, one file each; gives the files.

    Raises:
        Stop: One can't be written.
    """
    if not isinstance(session, Fuzzing):
        return []
    written = []
    for found in session.found:
        finding = dataclasses.asdict(found.finding)
        told = {name: finding[name] for name in ("check", "expected", "actual")}
        path = folder / file_name(found.example)
        write(path, example_text(found.example, session.seed, told))
        written.append(path)
    return written
