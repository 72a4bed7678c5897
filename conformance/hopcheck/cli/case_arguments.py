"""Arguments that say which cases are run, and with whose models; several commands have them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from hopcheck.cli.exits import USAGE, Stop
from hopcheck.client.config import TargetConfig


def add_case_folder(parser: argparse._ActionsContainer) -> None:
    """Add `--cases DIR`."""
    parser.add_argument("--cases", type=Path, metavar="DIR", help="also the cases in the Python files of this folder")


def add_provider(parser: argparse._ActionsContainer) -> None:
    """Add `--provider NAME`."""
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME",
        help="ask the models of this provider of [providers], or of `all`; may be given again",
    )


def providers_of(names: Sequence[str], config: TargetConfig) -> list[str]:
    """The providers of a target that `--provider` asks for.

    Raises:
        Stop: The target has no such provider.
    """
    known = list(config.providers)
    unknown = [name for name in names if name not in (*known, "all")]
    if unknown or (names and not known):
        listed = f"has {', '.join(known)}" if known else "names none"
        raise Stop(USAGE, f"[providers] of the target file {listed}; --provider asks for {', '.join(names)}.")
    return known if "all" in names else list(dict.fromkeys(names))
