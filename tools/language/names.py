"""Names of classes, modules and tests."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MAX_TEST_NAME_CHARACTERS = 60
MAX_ALLOWED_CLASS_NAMES = 5


def complaints(paths: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the names of modules, and of the tests in them."""
    for path in paths:
        if path.suffix != ".py":
            continue
        if path.parts[0] == "tests":
            yield from _long_test_names(path)
        else:
            yield from _module_name(path, rules["gerund_modules"]["allowed"])


def _module_name(path: Path, gerunds: Sequence[str]) -> Iterator[str]:
    if path.stem.endswith("ing") and path.stem not in gerunds:
        yield f"{path}: a module is a noun, not {path.stem!r}"
    if path.with_suffix("").is_dir():
        yield f"{path}: there is also a folder of that name"


def _long_test_names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
            excess = len(node.name) - MAX_TEST_NAME_CHARACTERS
            if excess > 0:
                yield f"{path}:{node.lineno}: {node.name} is {excess} characters too long"


def repeated_classes(paths: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """Class names that are defined twice; the mutants of the cases are exempt."""
    allowed = rules["class_names"]["allowed"]
    if len(allowed) > MAX_ALLOWED_CLASS_NAMES:
        yield f"tools/language/words.toml: at most {MAX_ALLOWED_CLASS_NAMES} class names may be defined twice"
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if "cases" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{path}:{node.lineno}")
    for name, (first, *others) in sorted(places.items()):
        if others and name not in allowed:
            yield f"{first}: class {name} is also defined at {', '.join(others)}"
