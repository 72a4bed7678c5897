"""Check the sources and the documentation: words, docstrings, names, sizes."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from tools.language import names, sizes, words

PACKAGES = ("contracts", "reference_server", "conformance", "load")
DOCUMENTS = ("docs", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
CHECKED = (*PACKAGES, "tools", "tests", "examples", "noxfile.py", "pyproject.toml", *DOCUMENTS)
UNCHECKED = ("docs/glossary.md", "docs/adjudication.md", "tools/language", "tests/tools/test_language.py")
SUFFIXES = frozenset({".py", ".md", ".toml", ".j2", ".yaml", ".yml"})


def main(arguments: Sequence[str]) -> int:
    """Print every complaint as `path:line: what is wrong`; the exit code is 1 if there are any.

    Args:
        arguments: Files and folders. Without any, everything is checked, also what concerns the whole: class names that
            are defined twice, the sizes of functions and folders.
    """
    rules = tomllib.loads(files("tools.language").joinpath("words.toml").read_text(encoding="utf-8"))
    paths = list(checked_files(arguments or CHECKED))
    complaints = [*words.complaints(paths, rules), *names.complaints(paths, rules)]
    if not arguments:
        complaints += whole_complaints([path for path in paths if path.suffix == ".py"], rules)
    print("\n".join(complaints) or f"{len(paths)} files keep the rules")
    return 1 if complaints else 0


def checked_files(roots: Sequence[str]) -> Iterator[Path]:
    """The text files below some files and folders, without those that are exempt."""
    for root in map(Path, roots):
        for path in [root] if root.is_file() else sorted(root.rglob("*")):
            exempt = any(path.as_posix().startswith(one) for one in UNCHECKED)
            if path.suffix in SUFFIXES and not exempt and not path.is_symlink() and path.is_file():
                yield path


def whole_complaints(modules: Sequence[Path], rules: dict[str, Any]) -> Iterator[str]:
    """What can be judged of all the sources together only."""
    sources = [path for path in modules if path.parts[0] in PACKAGES]
    yield from names.repeated_classes(sources, rules)
    yield from sizes.function_sizes(sources)
    yield from sizes.crowded_folders([path for path in modules if path.parts[0] != "tests"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
