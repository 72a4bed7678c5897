"""Words and phrases that names and prose do without, and docstrings that say nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""Also a word inside an identifier: `is_told` and `ToldDelay` have two each."""

FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a above all an and any as at be begin below do does done for go in is it its nothing of on one same see so "
        "the them then they this to",
    )
)
"""A docstring of nothing but these says nothing."""


def complaints(paths: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the wording of some files."""
    phrases = {phrase: re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE) for phrase in rules["phrases"]}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            for found in _words_of(line, rules["words"]):
                yield f"{path}:{number}: {found!r}: {rules['words'][found]}"
            for phrase, pattern in phrases.items():
                if pattern.search(line):
                    yield f"{path}:{number}: {phrase!r}: {rules['phrases'][phrase]}"
        if path.suffix == ".py":
            yield from _empty_docstrings(path, ast.parse(text))


def _words_of(line: str, listed: dict[str, str]) -> list[str]:
    return sorted({word.lower() for word in WORD.findall(line)} & listed.keys())


def _empty_docstrings(path: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node)
            if docstring is not None and FILLERS.issuperset(re.findall(r"\w+", docstring.lower())):
                yield f"{path}:{node.lineno}: {docstring!r} says nothing: leave it out, or say what a caller must know"
