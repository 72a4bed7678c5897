"""What is wrong with a JSON value: where, what was expected, and what is there.

Knows how jsonschema-rs reports. Does not know any schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from jsonschema_rs import ValidationError

MAX_VIOLATIONS = 8
"""How many violations of one value are reported; the rest would be the same ones of other items."""

MAX_QUOTED_CHARS = 60
"""Characters of a value that a violation quotes."""

_TAGS = ("role", "type", "object")
_NAMES = {
    "object": "an object",
    "array": "an array",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


class Violation(NamedTuple):
    """One thing that is wrong.

    Attributes:
        where: The place in the value, as in `choices[0].delta.role`; or what else of a message, as in `content-type`.
        message: What was expected, and what was there.
    """

    where: str
    message: str

    def __str__(self) -> str:
        """Both, on one line."""
        return f"{self.where}: {self.message}"


def shown(value: Any) -> str:
    """A value as JSON, cut where it gets long."""
    text = _printable(
        _outline(value) if isinstance(value, dict | list) else json.dumps(_cut(value), ensure_ascii=False)
    )
    return text if len(text) <= MAX_QUOTED_CHARS else f"{text[: MAX_QUOTED_CHARS - 1]}…"


MAX_READ_ERRORS = 1000
"""Of a value that is wrong in every place, no more are looked at."""


def read_errors(errors: Iterable[ValidationError], where: str) -> list[Violation]:
    """Turn a validator's errors into violations: the first few, each once.

    Args:
        errors: As `iter_errors` gives them.
        where: What to call the value itself.
    """
    found: dict[Violation, None] = {}
    for error in islice(errors, MAX_READ_ERRORS):
        found.update(dict.fromkeys(_read(error, where)))
        if len(found) >= MAX_VIOLATIONS:
            break
    return list(islice(found, MAX_VIOLATIONS))


def _read(error: ValidationError, where: str) -> Iterator[Violation]:
    branches = getattr(error.kind, "context", None)
    if not branches or not all(branches):  # a branch without errors fits, and so does another one
        yield Violation(_place(error, where), _message(error))
        return
    if all(_wrong_type(branch, error) for branch in branches):
        wanted = [name for branch in branches for one in branch if one.kind.name == "type" for name in one.kind.types]
        yield Violation(_place(error, where), _mistaken(_one_of(dict.fromkeys(wanted)), error.instance))
        return
    tags = [tag for branch in branches if (tag := _other_kind(branch, error)) is not None]
    if len(tags) == len(branches):
        options = dict.fromkeys(shown(option) for tag in tags for option in _options(tag))
        yield Violation(_place(tags[0], where), _mistaken(" or ".join(options), tags[0].instance))
        return
    for inner in min(branches, key=lambda branch: _distance(branch, error)):
        yield from _read(inner, where)


def _wrong_type(branch: Sequence[ValidationError], error: ValidationError) -> bool:
    return any(one.kind.name == "type" and one.instance_path == error.instance_path for one in branch)


def _distance(branch: Sequence[ValidationError], error: ValidationError) -> tuple[bool, bool, int]:
    """How far a value is from one of several schemas: of another type, of another kind, or just not right."""
    return _wrong_type(branch, error), _other_kind(branch, error) is not None, len(branch)


def _other_kind(branch: Sequence[ValidationError], error: ValidationError) -> ValidationError | None:
    """What says that a branch is about another kind of thing: its tag is another one."""
    depth = len(error.instance_path)
    at_tag = (one for one in branch if len(one.instance_path) == depth + 1 and one.instance_path[-1] in _TAGS)
    return next((one for one in at_tag if one.kind.name in ("const", "enum")), None)


def _options(error: ValidationError) -> list[Any]:
    """What would have been right, of an error about one of several values."""
    kind: Any = error.kind
    if kind.name == "const":
        return [kind.expected_value]
    return list(kind.options)


def _place(error: ValidationError, where: str) -> str:
    place = ""
    for step in error.instance_path:
        place += f"[{step}]" if isinstance(step, int) else f".{_cut(step)}" if place else _cut(step)
    return _printable(place) or where


def _printable(text: str) -> str:
    """With half surrogate pairs, which JSON may hold and no encoding can carry, written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _message(error: ValidationError) -> str:
    kind: Any = error.kind
    match kind.name:
        case "required":
            return f"{_printable(kind.property)} is missing"
        case "type":
            return _mistaken(_one_of(kind.types), error.instance)
        case "const" | "enum":
            return _mistaken(" or ".join(map(shown, _options(error))), error.instance)
        case "minimum" | "maximum":
            return _mistaken(f"at {'least' if kind.name == 'minimum' else 'most'} {kind.limit}", error.instance)
        case "minLength" | "minItems":
            return "is empty" if kind.limit == 1 else f"is shorter than {kind.limit}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"holds more than {kind.limit}"
        case "pattern":
            return f"{shown(error.instance)} is not of the form {_cut(kind.pattern)}"
        case "propertyNames":
            return _not_allowed(kind.error.instance)
        case "additionalProperties":
            return _not_allowed(kind.unexpected[0])
        case "oneOf":
            return f"fits more than one form: {shown(error.instance)}"
        case name:
            return f"breaks the rule {name!r}: {shown(error.instance)}"


def _not_allowed(member: str) -> str:
    return f"has a member that isn't allowed: {shown(member)}"


def _mistaken(wanted: str, value: Any) -> str:
    return f"expected {wanted}, not {shown(value)}"


def _one_of(types: Iterable[str]) -> str:
    return " or ".join(_NAMES.get(name, name) for name in sorted(types, key=lambda name: name == "null"))


def _cut(value: Any) -> Any:
    return f"{value[:MAX_QUOTED_CHARS]}…" if isinstance(value, str) and len(value) > MAX_QUOTED_CHARS else value


def _outline(value: dict[str, Any] | list[Any]) -> str:
    """A container's first members, each without what is in it."""
    few = list(islice(value, 4))
    dots = ", …" if len(value) > len(few) else ""
    if isinstance(value, list):
        return f"[{', '.join(map(_leaf, few))}{dots}]"
    return f"{{{', '.join(f'{json.dumps(_cut(name))}: {_leaf(value[name])}' for name in few)}{dots}}}"


def _leaf(value: Any) -> str:
    if isinstance(value, dict | list):
        empty = "{}" if isinstance(value, dict) else "[]"
        return f"{empty[0]}…{empty[1]}" if value else empty
    return json.dumps(_cut(value), ensure_ascii=False)
