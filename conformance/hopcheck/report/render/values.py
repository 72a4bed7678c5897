"""Show compared values: in one line, cut sensibly, and as a difference where a line is not enough.

Whatever a target sends may stand in a value, so nothing here lets a control character through.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple

from hopcheck.authoring.findings import same
from hopcheck.report.excerpts import first_difference

LINE = 100
"""Characters of a value that a line shows."""

_ALIKE = 10  # characters that two texts share at an end before a difference of the two makes sense

_COMPARISONS = {
    "one_of": "one of",
    "contains": "something with",
    "lacks": "nothing with",
    "at_most": "at most",
    "at_least": "at least",
}
_NAMED = {"\n": "↵", "\r": "\\r", "\t": "\\t", "\0": "\\0"}  # Unicode's control pictures are in few fonts


def visible(text: str) -> str:
    """The text with every character that can't be seen, or that steers a terminal, made visible."""
    return "".join(one if one.isprintable() else _NAMED.get(one) or _escape(ord(one)) for one in text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def lines_visible(text: str) -> str:
    """As `visible`, but line ends still end lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def gist(text: str) -> str:
    """The line of a text that says most: its last, since it may be a traceback."""
    return visible(text.strip().rpartition("\n")[2].strip())


def as_json(value: Any) -> str:
    """A value as one line of JSON."""
    return visible(json.dumps(value, ensure_ascii=False))


def short(value: Any, limit: int = LINE) -> str:
    """A value in one line; the middle of a long one is left out."""
    return clip(as_json(value), limit)


def clip(text: str, limit: int = LINE) -> str:
    """A text of at most `limit` characters; the middle of a longer one is left out."""
    if len(text) <= limit:
        return text
    head, tail = limit * 2 // 3, limit // 3 - 3
    return f"{text[:head]} … {text[-tail:]}"


def expectation(expected: Any, limit: int = LINE) -> str:
    """What was expected: a phrase as it is, a comparison in words, a value as JSON."""
    if isinstance(expected, str) and " " in expected and len(expected) <= limit:
        return visible(expected)
    comparison = _comparison(expected)
    if comparison is None:
        return short(expected, limit)
    name, wanted = comparison
    shown = ", ".join(short(item, limit) for item in wanted) if name == "one_of" else short(wanted, limit)
    return f"{_COMPARISONS[name]} {shown}"


def _comparison(expected: Any) -> tuple[str, Any] | None:
    """The comparison that `expect` made, where it wasn't by equality."""
    if isinstance(expected, dict) and len(expected) == 1:
        ((name, wanted),) = expected.items()
        return (name, wanted) if name in _COMPARISONS else None
    return None


def difference(expected: Any, actual: Any, most: int = 14) -> list[str]:
    """Where two values differ, as lines that begin with "- " (expected), "+ " (actual) or two spaces.

    Args:
        expected: What was asked for.
        actual: What was seen.
        most: Lines to show at most.

    Returns:
        No line at all where both fit on a line or aren't of one kind.
    """
    if type(expected) is not type(actual) or not isinstance(expected, (str, dict, list)):
        return []
    if len(as_json(expected)) + len(as_json(actual)) <= LINE:
        return []
    if isinstance(expected, str):
        return _text_difference(expected, actual)
    if _comparison(expected):
        return []
    lines = [
        f"{sign} {visible(place.path)}: {_or_nothing(value)}"
        for place in _differing(expected, actual, "")
        for sign, value in (("-", place.expected), ("+", place.actual))
    ]
    return lines if len(lines) <= most else [*lines[:most], f"  … {len(lines) - most} more lines"]


def _text_difference(expected: str, actual: str) -> list[str]:
    start = first_difference(expected, actual)
    if expected == actual or max(start, first_difference(expected[::-1], actual[::-1])) < _ALIKE:
        return []  # the expectation is a phrase, or the other text is another one altogether
    before = max(0, start - 30)
    where = f"  they differ from character {start} on:"
    return [where, *(f"{sign} {_around(text, before)}" for sign, text in (("-", expected), ("+", actual)))]


def _around(text: str, start: int, width: int = 80) -> str:
    part = visible(text[start : start + width])
    return ("…" if start else "") + part + ("…" if len(text) > start + width else "")


def summary_line(finding: Mapping[str, Any], limit: int = 60) -> str:
    """A failed finding in one line: where it is long, the first place that differs."""
    expected, actual = finding["expected"], finding["actual"]
    if not difference(expected, actual):
        return f"{visible(finding['check'])}: expected {expectation(expected, limit)}, got {short(actual, limit)}"
    if isinstance(expected, str):
        start = max(0, first_difference(expected, actual) - 10)
        sides = [json.dumps(_around(text, start, limit), ensure_ascii=False) for text in (expected, actual)]
        return f"{visible(finding['check'])}: expected {sides[0]}, got {sides[1]}"
    place = next(_differing(expected, actual, ""))
    sides = [_or_nothing(value, limit) for value in (place.expected, place.actual)]
    return f"{visible(finding['check'])}: at {visible(place.path)} expected {sides[0]}, got {sides[1]}"


_ABSENT: Any = object()


class _Place(NamedTuple):
    """Where two JSON values differ."""

    path: str
    expected: Any
    actual: Any


def _differing(expected: Any, actual: Any, path: str) -> Iterator[_Place]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            inner = f"{path}.{key}" if path else key
            yield from _differing(expected.get(key, _ABSENT), actual.get(key, _ABSENT), inner)
    elif isinstance(expected, list) and isinstance(actual, list):
        for place, (left, right) in enumerate(zip_longest(expected, actual, fillvalue=_ABSENT)):
            yield from _differing(left, right, f"{path}[{place}]")
    elif not same(actual, expected):
        yield _Place(path, expected, actual)


def _or_nothing(value: Any, limit: int = LINE) -> str:
    return "nothing" if value is _ABSENT else short(value, limit)
