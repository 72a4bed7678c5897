"""Case files from outside the package: a folder's Python files, imported as modules of a package made for them."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from types import ModuleType

from hopcheck.authoring.mistakes import CaseError, explain

_PREFIX = "hopcheck_outside_"


def is_outside(module: str) -> bool:
    """Whether a module of this name is a case file from outside the package."""
    return module.startswith(_PREFIX)


def import_folder(folder: Path) -> None:
    """Import every Python file of a folder and its subfolders; files may import each other (`from .helper import …`).

    Raises:
        CaseError: The folder holds no Python file, or some have mistakes; a sentence for each file.
    """
    files = sorted(path for path in folder.resolve().rglob("*.py") if path.name != "__init__.py")
    if not files:
        raise CaseError(f"{folder} holds no Python file; write a case into one, as docs/writing-cases.md shows")
    package = _package(folder.resolve())
    names = {path: ".".join([package, *path.relative_to(folder.resolve()).with_suffix("").parts]) for path in files}
    mistakes = [mistake for path, name in names.items() if (mistake := _mistake_in(path, name))]
    if mistakes:
        raise CaseError("\n".join(mistakes))


def import_file(path: Path, name: str) -> None:
    """Import a case file.

    Raises:
        CaseError: It has a mistake; one sentence, with file and line.
    """
    if mistake := _mistake_in(path, name):
        raise CaseError(mistake)


def _package(folder: Path) -> str:
    """A package whose modules are the folder's files."""
    name = _PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def _mistake_in(path: Path, name: str) -> str:
    """Import a file; returns the sentence on what is wrong with it, or ""."""
    try:
        importlib.import_module(name)
    except Exception as error:  # the author's file may raise anything
        return explain(error, path)
    return ""
