"""Check sources and docs: the word list, class names, module names, docstrings that say nothing."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

PACKAGES = ("contracts", "reference_server", "conformance", "load")
CHECKED = (*PACKAGES, "tools", "tests", "examples", "docs", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
UNCHECKED = ("docs/glossary.md", "tools/language", "tests/tools/test_language.py")
SUFFIXES = frozenset({".py", ".md", ".toml", ".j2", ".yaml", ".yml"})
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
EMPTY_DOCSTRINGS = frozenset({"do it.", "as it is.", "they.", "it.", "see above.", "the same.", "begin.", "nothing."})


def main(arguments: Sequence[str]) -> int:
    """Print every complaint as `path:line: what is wrong`; the exit code is 1 if there are any."""
    rules = tomllib.loads(files("tools.language").joinpath("words.toml").read_text(encoding="utf-8"))
    paths = list(checked_files(arguments or CHECKED))
    complaints = [line for path in paths for line in wording(path, path.read_text(encoding="utf-8"), rules)]
    if not arguments:
        complaints += class_names(paths, rules)
    complaints += module_names(paths, rules)
    print("\n".join(complaints) or f"{len(paths)} files hold the project's language")
    return 1 if complaints else 0


def checked_files(roots: Sequence[str]) -> Iterator[Path]:
    """The text files below some files and folders, without those that are exempt."""
    for root in map(Path, roots):
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            exempt = any(path.as_posix().startswith(one) for one in UNCHECKED)
            if path.suffix in SUFFIXES and not exempt and not path.is_symlink() and path.is_file():
                yield path


def wording(path: Path, text: str, rules: dict[str, Any]) -> Iterator[str]:
    """Complaints about words, phrases and empty docstrings of one file."""
    phrases = [(re.compile(rf"\b{re.escape(one)}\b", re.IGNORECASE), one) for one in rules["phrases"]]
    for number, line in enumerate(text.splitlines(), 1):
        for word in {word.lower() for word in WORD.findall(line)} & set(rules["words"]):
            yield f"{path}:{number}: {word!r}: {rules['words'][word]}"
        for pattern, phrase in phrases:
            if pattern.search(line):
                yield f"{path}:{number}: {phrase!r}: {rules['phrases'][phrase]}"
    if path.suffix == ".py":
        yield from empty_docstrings(path, ast.parse(text))


def empty_docstrings(path: Path, tree: ast.Module) -> Iterator[str]:
    """Docstrings that say nothing."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node) or ""
            if docstring.strip().lower() in EMPTY_DOCSTRINGS:
                yield f"{path}:{node.lineno}: {docstring!r} says nothing: leave it out, or say what a caller must know"


def class_names(paths: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """Class names that are defined twice in the packages; relays of the cases are exempt."""
    places: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if path.suffix == ".py" and path.parts[0] in PACKAGES and "cases" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{path}:{node.lineno}")
    for name, found in sorted(places.items()):
        if len(found) > 1 and name not in rules["class_names"]["allowed"]:
            yield f"{found[0]}: class {name} is also defined at {', '.join(found[1:])}"


def module_names(paths: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """Modules that are bare gerunds, and a module and a folder of one name."""
    for path in paths:
        if path.suffix != ".py" or path.parts[0] == "tests":
            continue
        if path.stem.endswith("ing") and path.stem not in rules["gerund_modules"]["allowed"]:
            yield f"{path}: a module is a noun, not {path.stem!r}"
        if path.with_suffix("").is_dir():
            yield f"{path}: there is also a folder of that name"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
