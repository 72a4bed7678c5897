"""Mistakes in case files, each as one sentence with its file and line, and the word that was probably meant."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import traceback
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

_UNKNOWN_ARGUMENT = re.compile(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'")
_UNKNOWN_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
_FEW = 8
"""How many words are listed, at most, where none is close."""


class CaseError(Exception):
    """A case file has a mistake; the text is a sentence for each, with file and line."""


def suggestion(word: str, known: Iterable[str], similarity: float = 0.6) -> str:
    """The end of a sentence about an unknown word: what was probably meant, or what there is; "" if that is long.

    Args:
        word: The unknown word.
        known: The words that are known.
        similarity: From which on a word is probably meant, between 0 and 1.
    """
    by_folded = {name.casefold(): str(name) for name in known}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=similarity)
    if close:
        return f"; did you mean {by_folded[close[0]]!r}?"
    return f": write one of {', '.join(sorted(by_folded.values()))}" if 0 < len(by_folded) <= _FEW else ""


def require_known(what: str, word: str, known: Collection[str]) -> None:
    """Refuse a word that isn't known.

    Raises:
        ValueError: It isn't; a sentence that begins with `what`.
    """
    if word not in known:
        raise ValueError(f"{what} is {word!r}, which is unknown{suggestion(word, known)}")


def place_of(thing: Any) -> str:
    """`file:line` of a function or class."""
    try:
        return f"{inspect.getsourcefile(thing)}:{inspect.getsourcelines(thing)[1]}"
    except OSError:
        return f"{thing.__module__}"


def explain(error: Exception, path: Path) -> str:
    """`file:line: sentence` for an error that the import of a case file raised."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {error.msg}"
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    places = [place for place, (frame, _) in enumerate(frames) if frame.f_code.co_filename == str(path)]
    if not places:
        return f"{path}: {_sentence(error, [])}"
    last = places[-1]
    return f"{path}:{frames[last][1]}: {_sentence(error, [frame for frame, _ in frames[last:]])}"


def _sentence(error: Exception, frames: list[FrameType]) -> str:
    """The error in a sentence; the frames begin with the author's."""
    text = str(error)
    if found := _UNKNOWN_ARGUMENT.search(text):
        owner, word = found.groups()
        called = frames[1].f_code.co_name if len(frames) > 1 else owner.removesuffix(".__init__").rpartition(".")[2]
        return f"{called}() has no argument {word!r}{suggestion(word, _arguments(owner, frames))}"
    if found := _UNKNOWN_IMPORT.search(text):
        word, module = found.groups()
        return f"{module} exports no {word!r}{suggestion(word, _exports(module))}"
    if isinstance(error, AttributeError) and error.name:
        owner = getattr(error.obj, "__name__", type(error.obj).__name__).rpartition(".")[2]
        return f"{owner} has no {error.name!r}{suggestion(error.name, dir(error.obj))}"
    if isinstance(error, NameError) and error.name:
        return f"the name {error.name!r} is unknown{suggestion(error.name, [*_names(frames), *dir(builtins)])}"
    return text if isinstance(error, ValueError | TypeError) else f"{type(error).__name__}: {text}"


def _names(frames: list[FrameType]) -> list[str]:
    return [*frames[0].f_globals, *frames[0].f_locals] if frames else []


def _exports(module: str) -> list[str]:
    return list(getattr(sys.modules.get(module), "__all__", ()))


def _arguments(owner: str, frames: list[FrameType]) -> set[str]:
    """The arguments of the callable at fault, and of those that passed their own arguments on to it."""
    known: set[str] = set()
    for frame in frames[1:]:
        code = frame.f_code
        known |= set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    for value in _callables(owner, frames):
        known |= set(inspect.signature(value).parameters) | _nested_fields(value)
    return {name for name in known if not name.startswith("_")} - {"self"}


def _nested_fields(value: Any) -> set[str]:
    """The fields of the dataclasses that are a dataclass's defaults: reply functions take them as arguments."""
    own = fields(value) if is_dataclass(value) else ()
    return {one.name for field in own if is_dataclass(field.default) for one in fields(field.default)}


def _callables(owner: str, frames: list[FrameType]) -> Iterator[Any]:
    """The callables of that qualified name which the frames can see by name, or in a module."""
    first, _, rest = owner.removesuffix(".__init__").partition(".")
    for frame in frames:
        for value in list(frame.f_globals.values()):
            for found in (value, vars(value).get(first) if isinstance(value, ModuleType) else None):
                if type(found).__name__ == first and rest:  # a method of an object, such as a case's `mutant`
                    yield getattr(found, rest)
                elif getattr(found, "__name__", "") == first and callable(found):
                    yield getattr(found, rest) if rest else found
