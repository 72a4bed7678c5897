"""The gate's options for property tests, and the files of their failing examples."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from hopcheck.cli.exits import USAGE, Stop
from hopcheck.cli.files import write
from hopcheck.engine.sequential_cases import SequentialCases
from hopcheck.fuzz.example import FOLDER, Unreadable, example_text, file_name, read_example
from hopcheck.fuzz.fuzz_cases import ExampleBudget, FuzzSearches, all_fuzz_cases
from hopcheck.fuzz.operations import OPERATIONS, SEARCHES
from hopcheck.fuzz.saved_examples import SavedExamples
from hopcheck.gate.catalogue import select
from hopcheck.report.excerpts import jsonable
from hopcheck.report.render.progress import RunProgress
from hopcheck_server.chain.litellm.environment import cache_dir
from hopcheck_server.redaction import SecretRedactor

EXAMPLES = 100
"""Chat requests, if `--fuzz` is given without a number."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of property tests."""
    group = parser.add_argument_group("property tests")
    group.add_argument(
        "--fuzz",
        nargs="?",
        type=int,
        const=EXAMPLES,
        metavar="N",
        help=f"also try N generated chats (default: {EXAMPLES}), N/4 of each other operation, and sequence tests",
    )
    group.add_argument(
        "--seed", type=int, default=1, metavar="N", help="another seed makes other examples (default: 1)"
    )
    group.add_argument("--fuzz-time", type=float, metavar="S", help="end the search after S seconds")
    group.add_argument(
        "--example", action="append", type=Path, default=[], metavar="FILE", help="only play examples of an earlier run"
    )


def sequential_cases(arguments: argparse.Namespace) -> SequentialCases | None:
    """The fuzz cases that the options ask for, or None.

    Raises:
        Stop: The options are wrong, or the extra isn't installed.
    """
    if arguments.example:
        return _saved(arguments.example)
    if arguments.fuzz is None:
        return None
    if arguments.fuzz < 1 or (arguments.fuzz_time is not None and arguments.fuzz_time <= 0):
        raise Stop(USAGE, "--fuzz and --fuzz-time must be greater than 0.")
    chosen = select(all_fuzz_cases().values(), arguments.select, arguments.profile)
    if not chosen:
        raise Stop(USAGE, "--fuzz was given, but none of its cases is chosen: add --select 'fuzz.*' or --profile fuzz.")
    budget = ExampleBudget(arguments.fuzz, arguments.seed, arguments.fuzz_time)
    try:
        searches = FuzzSearches([SEARCHES[case.id] for case in chosen], budget)
    except ModuleNotFoundError:
        raise Stop(USAGE, "--fuzz needs more: pip install 'hopcheck[fuzz]'") from None
    _keep_tables()
    return searches


def _keep_tables() -> None:
    """Let hypothesis keep its tables of Unicode (250 MB to make) for all runs, and not in the user's folder."""
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(cache_dir() / "hypothesis")


def _saved(files: list[Path]) -> SavedExamples:
    try:
        examples = {str(path): read_example(path) for path in files}
    except Unreadable as unreadable:
        raise Stop(USAGE, str(unreadable)) from None
    unknown = [path for path, example in examples.items() if example.operation not in OPERATIONS]
    if unknown:
        raise Stop(USAGE, f"{unknown[0]} is an example of something that this version doesn't know.")
    return SavedExamples(examples)


def follow(sequential: SequentialCases | None, progress: RunProgress) -> None:
    """Let a progress display follow a search."""
    if isinstance(sequential, FuzzSearches):
        sequential.progress = progress.went


def write_examples(
    sequential: SequentialCases | None, redactor: SecretRedactor, folder: Path = Path(FOLDER)
) -> list[Path]:
    """Write the failing examples of a search, one file each, without secrets; returns the paths.

    Raises:
        Stop: One can't be written.
    """
    if not isinstance(sequential, FuzzSearches):
        return []
    written = []
    for found in sequential.found:
        finding = dataclasses.asdict(found.finding)
        summary = {name: redactor.value(jsonable(finding[name])) for name in ("check", "expected", "actual")}
        path = folder / file_name(found.example)
        write(path, example_text(found.example, sequential.seed, summary))
        written.append(path)
    return written
