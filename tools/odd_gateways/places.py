"""Puts an odd value at any place of a JSON document."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

_PLACEHOLDER = "@odd@"
_WRAPPED = ("[{}]", '{{"0": {}}}', '{{"": [{}]}}', '{{"type": [], "text": {}}}')

Place = tuple[str | int, ...]


def with_odd_value(body: bytes, value: bytes, draw: random.Random, keeping: str = "") -> bytes:
    """A document in which one value is another.

    Args:
        body: The document; what isn't JSON is returned as it is.
        value: The odd value, as JSON.
        draw: Draws the place.
        keeping: A text that has to stay: the value around it is wrapped instead.
    """
    try:
        document = json.loads(body)
    except ValueError:
        return body
    place = draw.choice(list(_places(document)))
    here = json.dumps(_at(document, place))
    if keeping and keeping in here:
        value = draw.choice(_WRAPPED).format(here).encode()
    return json.dumps(_replaced(document, place)).encode().replace(f'"{_PLACEHOLDER}"'.encode(), value)


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _places(item, (*place, name))


def _at(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _replaced(document: Any, place: Place) -> Any:
    if not place:
        return _PLACEHOLDER
    _at(document, place[:-1])[place[-1]] = _PLACEHOLDER
    return document
