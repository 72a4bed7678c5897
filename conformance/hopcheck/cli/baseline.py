"""Carry a baseline of the first edition over: new ids of cases, and entries for causes in place of contract checks.

Complaints of causes come from a report of the same target (`hopcheck gate --json REPORT`). Exit code 1 if something is
left to be done by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hopcheck.cli.exits import DOES_NOT_HOLD, HOLDS, USAGE, Stop
from hopcheck.cli.files import require_folders, write
from hopcheck.gate.catalogue import all_cases
from hopcheck.report.baseline import Baseline, baseline_text, load_baseline
from hopcheck.report.baseline.migration import migrated
from hopcheck.report.document import load_document
from hopcheck.report.settings_file import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Define the arguments."""
    parser.add_argument("action", choices=["migrate"], help="what to do with the file")
    parser.add_argument("file", type=Path, metavar="FILE", help="the baseline")
    parser.add_argument("--report", type=Path, metavar="REPORT", help="the JSON report of a run, for the complaints")
    parser.add_argument("--output", type=Path, metavar="OTHER", help="write to OTHER (default: to FILE itself)")


def run(arguments: argparse.Namespace) -> int:
    target = arguments.output or arguments.file
    require_folders([target])
    baseline = _baseline(arguments.file)
    causes = _causes(arguments.report) if arguments.report else None
    migration = migrated(baseline, causes, all_cases())
    write(target, baseline_text(migration.deviations))
    print(f"{len(baseline.deviations)} entries became {len(migration.deviations)} in {target}")
    for sentence in migration.left:
        print(f"left: {sentence}")
    return DOES_NOT_HOLD if migration.left else HOLDS


def _baseline(path: Path) -> Baseline:
    try:
        return load_baseline(path)
    except SettingsError as error:
        raise Stop(USAGE, "\n".join(error.problems)) from None
    except OSError as error:
        raise Stop(USAGE, f"{path} can't be read: {error.strerror or error}.") from None


def _causes(path: Path) -> Sequence[Mapping[str, Any]]:
    try:
        causes: Sequence[Mapping[str, Any]] = load_document(path)["causes"]
    except ValueError as error:
        raise Stop(USAGE, f"{error}.") from None
    except OSError as error:
        raise Stop(USAGE, f"{path} can't be read: {error.strerror or error}.") from None
    return causes
