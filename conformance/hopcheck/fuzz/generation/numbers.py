"""Numbers that every proxy must carry unchanged: integers of 64 bits, fractions of a double. Pure."""

from __future__ import annotations

from typing import Any

DOUBLE_EXACT = 2**53
"""A double holds every integer up to this one."""

MAX_INTEGER = 2**63 - 1


def portable_numbers(value: Any, max_integer: int = MAX_INTEGER) -> Any:
    """The same JSON value with each number replaced by one that every proxy must carry unchanged.

    JSON Schema takes 5.0 for an integer, and many programs don't: whole numbers are written as integers.
    """
    if isinstance(value, bool) or value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < DOUBLE_EXACT else value
    if isinstance(value, int):
        return value if abs(value) <= max_integer else value % max_integer
    if isinstance(value, dict):
        return {key: portable_numbers(one, max_integer) for key, one in value.items()}
    return [portable_numbers(one, max_integer) for one in value] if isinstance(value, list) else value
