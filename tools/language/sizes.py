"""Sizes of functions and folders."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

MAX_MEDIAN_LINES = 6
MAX_P90_LINES = 16
MAX_MODULES = 14
"""In one folder; those of the cases and of the commands are exempt: one file a behaviour, and one a command."""

MAX_LOOSE_MODULES = 3
"""Next to the folders of `conformance/hopcheck`."""

LOOSE = Path("conformance/hopcheck")
EXEMPT_FOLDERS = ("cases", "cli")


def function_sizes(paths: Sequence[Path]) -> Iterator[str]:
    """Print how long functions are, from `def` to their last line; complain about the whole, not about single ones."""
    lengths = sorted(length for path in paths for length in _function_lengths(path))
    if not lengths:
        return
    median, p90 = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]
    measured = f"{len(lengths)} functions: median {median} lines, nine in ten at most {p90}"
    print(measured)
    if median > MAX_MEDIAN_LINES or p90 > MAX_P90_LINES:
        yield f"{measured}; allowed are {MAX_MEDIAN_LINES} and {MAX_P90_LINES}"


def _function_lengths(path: Path) -> Iterator[int]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


def crowded_folders(paths: Sequence[Path]) -> Iterator[str]:
    """Folders with too many modules; `__init__` doesn't count."""
    modules = Counter(path.parent for path in paths if path.stem != "__init__")
    for folder, count in sorted(modules.items()):
        if count > MAX_MODULES and not set(EXEMPT_FOLDERS) & set(folder.parts):
            yield f"{folder}: {count} modules in one folder; allowed are {MAX_MODULES}"
    loose = [path for path in paths if path.parent == LOOSE]
    if len(loose) > MAX_LOOSE_MODULES:
        yield f"{LOOSE}: {len(loose)} modules next to the folders; allowed are {MAX_LOOSE_MODULES}"
