"""Reads TOML files into dataclasses with pydantic, and words every mistake as one sentence."""

from __future__ import annotations

import datetime
import difflib
import json
import tomllib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import ErrorDetails

T = TypeVar("T")

Place = tuple[str, ...]
"""A key in a table: the names of the tables around it, and its own."""

_STRICT = ConfigDict(extra="forbid", strict=True, str_min_length=1, allow_inf_nan=False)

_DATE = "a date without quotes, like 2031-12-31"

_EXPECTED: Mapping[str, str] = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a finite number",
    "finite_number": "a finite number",
    "string_type": "a string",
    "string_too_short": "a string with something in it",
}
"""What a value must be, by pydantic's type of error."""


class SettingsError(Exception):
    """A file or a flag that can't be used; its text is one sentence per mistake.

    Attributes:
        problems: Those sentences.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


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
    """Reads tables, and collects their mistakes.

    Attributes:
        file: The file; the sentences begin with it.
        flags: The flag of each value that came from the command line, by `table.key`.
        problems: One sentence for each mistake.
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
            kind: A dataclass; its fields are the keys of the table.
            raw: The table's content in the file.
            table: The table's name, for the sentences.
            hidden: Fields that are not keys of the file.

        Returns:
            The value, in which mistaken keys have their default; None if this is no table or a required key is wrong.
        """
        if not isinstance(raw, dict):
            self.complain(table, "", "must be a table")
            return None
        mistaken = self._complain_of_dates(kind, raw, table)
        for key in set(raw).intersection(hidden):
            self._complain_of_key(kind, key, table, hidden)
            mistaken.add(key)
        usable = {key: value for key, value in raw.items() if key not in mistaken}
        try:
            return _validated(kind, usable)
        except ValidationError as invalid:
            errors = invalid.errors()
        places = {_place(kind, error["loc"]): error for error in errors}
        for place, error in places.items():
            self._complain_of(kind, place, error, table, usable, hidden)
        try:
            return _validated(kind, {key: usable[key] for key in usable.keys() - {place[0] for place in places}})
        except ValidationError:
            return None

    def _complain_of_dates(self, kind: type[Any], raw: Mapping[str, Any], table: str) -> set[str]:
        """Complain of what isn't a date and should be; JSON, in which pydantic gets the table, has no dates."""
        dates = {name for name, hint in get_type_hints(kind).items() if datetime.date in (hint, *get_args(hint))}
        wrong = {name for name in dates.intersection(raw) if type(raw[name]) is not datetime.date}
        for name in wrong:
            self.complain(table, name, f"must be {_DATE}, not {_described(raw[name])}")
        return wrong

    def _complain_of(
        self, kind: type[Any], place: Place, error: ErrorDetails, table: str, raw: Any, hidden: Iterable[str]
    ) -> None:
        *tables, key = place
        for step in tables:
            kind, raw, table = _type_of(kind, step), raw[step], f"{table}.{step}"
        if error["type"] == "unexpected_keyword_argument":
            self._complain_of_key(kind, key, table, hidden)
        elif error["type"] == "missing":
            self.complain(table, "", f'lacks the key "{key}"')
        else:
            self.complain(table, key, f"must be {_expected(_type_of(kind, key), error)}, not {_described(raw[key])}")

    def _complain_of_key(self, kind: type[Any], key: str, table: str, hidden: Iterable[str]) -> None:
        known = {item.name for item in fields(kind)} - set(hidden)
        self.complain(table, "", f'has no key "{key}"; {nearest(key, known)}')


def _validated(kind: type[T], raw: Mapping[str, Any]) -> T:
    """The dataclass of a table; as JSON, strictly read, since only there a table may become a dataclass."""
    value: T = _adapter(cast("Hashable", kind)).validate_json(json.dumps(raw, default=str))
    return value


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(with_config(_STRICT)(cast("type[Any]", kind)))


def _place(kind: type[Any], steps: Sequence[int | str]) -> Place:
    """The tables and the key of a mistake; an item of an array or of a mapping is a mistake of the whole."""
    names: list[str] = []
    for step in steps:
        names.append(str(step))
        inner = _type_of(kind, str(step))
        if not is_dataclass(inner):
            break
        kind = cast("type[Any]", inner)
    return tuple(names)


def _type_of(kind: type[Any], name: str) -> Any:
    """The type of a field, without None; None if there is no such field."""
    hint = get_type_hints(kind).get(name)
    return (
        next(one for one in get_args(hint) if one is not NoneType) if get_origin(hint) in (Union, UnionType) else hint
    )


def _expected(wanted: Any, error: ErrorDetails) -> str:
    if is_dataclass(wanted):
        required = [item.name for item in fields(wanted) if item.default is MISSING]
        return f"a table, like {{ {', '.join(f'{name} = …' for name in required)} }}"
    if get_origin(wanted) is Literal:
        return f"one of {', '.join(json.dumps(word) for word in get_args(wanted))}"
    if get_origin(wanted) is tuple:
        return 'an array of strings, like ["one", "two"]'
    if get_origin(wanted) is not None:
        return 'a table of strings, like { name = "value" }'
    return _EXPECTED[error["type"]]


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
