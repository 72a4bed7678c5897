"""JSON values, read without minding what they turn out to be."""

from __future__ import annotations

from typing import Any

from hopcheck_contracts.bounded_json import loads_or_none

JSON = Any


def dig(value: JSON, *path: str | int) -> JSON:
    """What stands at a path of a JSON value; None where it leads nowhere."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def items(value: JSON, *path: str | int) -> list[JSON]:
    """The items of the array that stands at a path of a JSON value; none where there is no array."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def field_names(value: JSON) -> list[str]:
    """The names of a JSON object's fields, sorted; none where it is no object."""
    return sorted(value) if isinstance(value, dict) else []


def without_additions(value: JSON, wanted: JSON) -> JSON:
    """A value without the members of its objects that the wanted one doesn't have: gateways add nulls and more."""
    if isinstance(value, dict) and isinstance(wanted, dict):
        return {name: without_additions(one, wanted[name]) for name, one in value.items() if name in wanted}
    if isinstance(value, list) and isinstance(wanted, list) and len(value) == len(wanted):
        return [without_additions(one, other) for one, other in zip(value, wanted, strict=True)]
    return value


def parsed(body: bytes) -> JSON:
    """A body as JSON; None if it isn't, or is beyond the bounds of `bounded_json`."""
    return loads_or_none(body)
