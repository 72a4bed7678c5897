"""Numbers that anybody owes to carry: integers to 64 bits, fractions to a double's end. Pure."""

from __future__ import annotations

from typing import Any

DOUBLE_EXACT = 2**53
"""Up to here a double holds every integer."""

INTEGERS_TO = 2**63 - 1


def owed(value: Any, integers_to: int = INTEGERS_TO) -> Any:
    """A JSON value in which each number is one that has to arrive; all else is as it was.

    JSON Schema takes 5.0 for an integer, and many a program doesn't: what is whole is written so.
    """
    if isinstance(value, bool) or value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < DOUBLE_EXACT else value
    if isinstance(value, int):
        return value if abs(value) <= integers_to else value % integers_to
    if isinstance(value, dict):
        return {key: owed(one, integers_to) for key, one in value.items()}
    return [owed(one, integers_to) for one in value] if isinstance(value, list) else value
