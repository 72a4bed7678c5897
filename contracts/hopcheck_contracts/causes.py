"""Causes: a violation without its varying parts, so that the same mistake counts once however often it is made."""

from __future__ import annotations

import re

from hopcheck_contracts.violations import Violation

_INDEX = re.compile(r"\[\d+\]")
_VALUE = re.compile(r"(?P<before>, not |: )(?P<value>[\"\[{\d-].*)$", re.DOTALL)
_LEADING_VALUE = re.compile(r"^[\"\[{\d-].*?(?= is not of the form )", re.DOTALL)
_KINDS = {'"': "a string", "[": "an array", "{": "an object"}
_KEPT_WHOLE = frozenset({"content-type"})
"""Places whose value is short and says what went wrong."""


def cause_of(violation: Violation) -> str:
    """The violation as one line without indexes and values: `choices[].message.content: expected a string, not null`.

    Values that are names (null, true, false, a media type) stay; texts, numbers, objects and arrays are named by their
    kind.
    """
    where = _INDEX.sub("[]", violation.where)
    if where in _KEPT_WHOLE:
        return f"{where}: {violation.message}"
    message = _LEADING_VALUE.sub("the value", violation.message)
    return f"{where}: {_VALUE.sub(_named, message)}"


def _named(found: re.Match[str]) -> str:
    kind = _KINDS.get(found["value"][0], "a number")
    return f", not {kind}" if found["before"] == ", not " else ""
