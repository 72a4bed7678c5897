"""The argument that takes cases from outside the package."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_case_folder(parser: argparse._ActionsContainer) -> None:
    """Add `--cases DIR`."""
    parser.add_argument("--cases", type=Path, metavar="DIR", help="also the cases in the Python files of this folder")
