"""Read TOML tables into dataclasses, and say every mistake in one sentence.

Knows TOML's types and how to word what is wrong, with the nearest known key. Knows no file's keys: those are the
fields of the dataclass that is asked for.
"""

from __future__ import annotations

import datetime
import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
    str: "a string",
    datetime.date: "a date without quotes, like 2031-12-31",
}


class SettingsError(Exception):
    """A file or a flag that can't be used; its text is one sentence per mistake.

    Attributes:
        problems: Those sentences.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _WrongError(Exception):
    """What a value should have been, in words."""


def parse_file(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        SettingsError: It isn't there, can't be read, or isn't TOML (with the line).
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError([f"{path}: there is no such file."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: can't be read as UTF-8 text: {error}."]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path}: is not valid TOML: {error}."]) from None


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them where none is near."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f'did you mean "{close[0]}"?' if close else f"known are {', '.join(names)}."


@dataclass
class Reader:
    """Reads tables, and collects what is wrong with them.

    Attributes:
        file: What the sentences begin with.
        flags: Where a value came from the command line, by `table.key`: how to name it there.
        problems: One sentence for each mistake, in the order in which they were met.
    """

    file: str
    flags: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def complain(self, table: str, key: str, what: str) -> None:
        """Note a mistake; `what` is the rest of the sentence, without its full stop."""
        flag = self.flags.get(f"{table}.{key}")
        place = f"command line: {flag}" if flag else f"{self.file}: [{table}]" + (f" {key}" if key else "")
        self.problems.append(f"{place} {what}" + ("" if what.endswith(("?", ".")) else "."))

    def read(self, kind: type[T], raw: object, table: str, *, hidden: Iterable[str] = ()) -> T | None:
        """Read one table.

        Args:
            kind: A dataclass, its fields' types among bool, int, float, str, date, tuple of str, mapping of str to
                str, another such dataclass, or one of those and None.
            raw: What the file holds there.
            table: The table's name, for the sentences.
            hidden: Fields that are not keys of the file.

        Returns:
            The value, mistaken keys keeping their default; None when a required key is missing or this is no table.
        """
        if not isinstance(raw, dict):
            self.complain(table, "", "must be a table")
            return None
        known = {item.name: item for item in fields(kind) if item.name not in set(hidden)}  # type: ignore[arg-type]
        for key in [key for key in raw if key not in known]:
            self.complain(table, "", f'has no key "{key}"; {nearest(key, known)}')
        hints = get_type_hints(kind)
        given = {name: self._value(hints[name], raw[name], table, name) for name in known if name in raw}
        missing = [name for name, item in known.items() if name not in raw and _required(item)]
        for name in missing:
            self.complain(table, "", f'lacks the key "{name}"')
        usable = {name: value for name, value in given.items() if value is not None}
        if any(_required(item) and name not in usable for name, item in known.items()):
            return None
        return kind(**usable)

    def _value(self, hint: Any, raw: object, table: str, key: str) -> Any:
        wanted = _without_none(hint)
        if is_dataclass(wanted) and isinstance(wanted, type) and isinstance(raw, dict):
            return self.read(wanted, raw, f"{table}.{key}")
        try:
            return _convert(wanted, raw)
        except _WrongError as wrong:
            self.complain(table, key, f"must be {wrong}, not {_described(raw)}")
            return None


def _required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _without_none(hint: Any) -> Any:
    if isinstance(hint, UnionType):
        return next(one for one in get_args(hint) if one is not NoneType)
    return hint


def _convert(wanted: Any, raw: object) -> Any:
    origin = get_origin(wanted)
    if origin is tuple:
        if isinstance(raw, list) and all(isinstance(item, str) and item for item in raw):
            return tuple(raw)
        raise _WrongError('an array of strings, like ["one", "two"]')
    if origin is not None:
        if isinstance(raw, dict) and all(isinstance(item, str) for item in raw.values()):
            return dict(raw)
        raise _WrongError('a table of strings, like { name = "value" }')
    return _scalar(wanted, raw)


def _scalar(wanted: Any, raw: object) -> Any:
    if is_dataclass(wanted):
        keys = ", ".join(f"{item.name} = …" for item in fields(wanted))
        raise _WrongError(f"a table, like {{ {keys} }}")
    if wanted is float and type(raw) is int:
        return float(raw)
    # `type(raw) is`, since a bool is an int and a datetime is a date to isinstance
    if type(raw) is not wanted or (isinstance(raw, float) and not math.isfinite(raw)):
        raise _WrongError(_WORDS[wanted])
    if raw == "":
        raise _WrongError("a string with something in it")
    return raw


def _described(raw: object) -> str:
    match raw:
        case bool():
            return "true" if raw else "false"
        case str():
            return f'the string "{raw}"' if raw else "an empty one"
        case int() | float():
            return f"the number {raw}"
        case list():
            return "this array"
        case dict():
            return "this table"
        case _:
            return f"{raw}"
