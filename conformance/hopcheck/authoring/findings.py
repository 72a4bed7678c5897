"""What a case finds out about a target: findings, and the comparison that makes them.

Knows levels. Knows nothing of HTTP, of cases, or of verdicts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

LevelName = Literal["MUST", "SHOULD", "MAY"]


class Level(StrEnum):
    """How binding a requirement is: the keyword of RFC 2119 that it is worded with."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check inside a case.

    Attributes:
        check: What was looked at, in a few words; unique within its case, the same whether it holds or not.
        ok: Whether it holds.
        expected: What the requirement asks for, as JSON or text.
        actual: What was seen, as JSON or text.
        level: How binding it is; None means the level of its case.
    """

    check: str
    ok: bool
    expected: Any
    actual: Any
    level: Level | None = None


Findings = AsyncIterator[Finding]
"""What a case returns: an async generator of findings."""

_UNSET: Any = object()


def expect(
    check: str,
    actual: Any,
    *,
    equals: Any = _UNSET,
    one_of: Iterable[Any] = _UNSET,
    contains: Any = _UNSET,
    lacks: Any = _UNSET,
    at_most: float = _UNSET,
    at_least: float = _UNSET,
    holds: bool = _UNSET,
    to: str | None = None,
    level: LevelName | None = None,
) -> Finding:
    """Compare what was seen with what is required, by exactly one comparison.

    Args:
        check: The finding's name.
        actual: What was seen.
        equals: It must equal this, types included (True is not 1; 1 is a 1.0, and 1.0 is no 1).
        one_of: It must equal one of these.
        contains: This must be in it.
        lacks: This must not be in it.
        at_most: It must be a number not above this.
        at_least: It must be a number not below this.
        holds: A comparison made by the case itself; say in `to` what was expected.
        to: The expectation in words, shown instead of the compared value.
        level: Where this finding is weaker or stronger than its case.

    Returns:
        The finding, whether it holds or not.

    Raises:
        TypeError: Not exactly one comparison was given, or `holds` came without `to`.
    """
    given: dict[str, Any] = {
        name: value
        for name, value in (
            ("equals", equals),
            ("one_of", one_of),
            ("contains", contains),
            ("lacks", lacks),
            ("at_most", at_most),
            ("at_least", at_least),
            ("holds", holds),
        )
        if value is not _UNSET
    }
    if len(given) != 1 or ("holds" in given and to is None):
        raise TypeError(f"expect({check!r}) takes one comparison (and `to` with `holds`), not {sorted(given)}")
    ((name, wanted),) = given.items()
    wanted = list(wanted) if name == "one_of" else wanted
    expected: Any = to if to is not None else wanted if name == "equals" else {name: wanted}
    return Finding(check, _compare(name, actual, wanted), expected, actual, Level(level) if level else None)


def _compare(name: str, actual: Any, wanted: Any) -> bool:
    try:
        match name:
            case "equals":
                return same(actual, wanted)
            case "one_of":
                return any(same(actual, one) for one in wanted)
            case "contains":
                return _within(wanted, actual)
            case "lacks":
                return actual is not None and not _within(wanted, actual)
            case "at_most":
                return not isinstance(actual, bool) and bool(actual <= wanted)
            case "at_least":
                return not isinstance(actual, bool) and bool(actual >= wanted)
            case _:
                return bool(wanted)
    except TypeError:  # what was seen is of another kind: it does not hold
        return False


def _within(wanted: Any, actual: Any) -> bool:
    if isinstance(actual, (list, tuple)):
        return any(same(item, wanted) for item in actual)
    return wanted in actual


def same(actual: Any, wanted: Any) -> bool:
    """Equality as JSON's readers have it: types count, the order of an object's keys does not.

    True is not 1. A 1 stands for a wanted 1.0, as every JavaScript program writes it, but a 1.0 does not for a wanted
    1: who reads an integer can't read it.
    """
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return actual.keys() == wanted.keys() and all(same(actual[key], wanted[key]) for key in actual)
    if isinstance(actual, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(actual) == len(wanted) and all(map(same, actual, wanted))
    if any(isinstance(side, (bool, int, float)) for side in (actual, wanted)):
        is_whole_float = type(actual) is int and type(wanted) is float
        return (type(actual) is type(wanted) or is_whole_float) and bool(actual == wanted)
    return bool(actual == wanted)
