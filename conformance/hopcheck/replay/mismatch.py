"""Explains why no recording answers a request: where it differs from the nearest recording."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hopcheck.authoring.findings import same
from hopcheck.cassettes import Canonical
from hopcheck.replay.index import PlayableInteraction
from hopcheck.report.render.values import clip, short, visible

SHOWN = 3
"""The number of differences that are listed."""

_LONG = 60  # characters of a value
_ABSENT = object()


def explain(key: Canonical, candidates: Iterable[PlayableInteraction]) -> str:
    """One sentence that says why no recording answers a request."""
    asked = f"{key.method} {key.path}"
    recordings = list(candidates)
    if not recordings:
        return f"{asked}: no request like it was recorded"
    same_requests = [one for one in recordings if one.key == key]
    if same_requests:
        return f"{asked}: sent more often than recorded, and {same_requests[-1].name} has been played"
    nearest = min(recordings, key=lambda one: (not one.left, len(differences(key, one.key))))
    found = differences(key, nearest.key)
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{asked}: {'; '.join(found[:SHOWN])}{more} (nearest: {nearest.name})"


def differences(asked: Canonical, recorded: Canonical) -> list[str]:
    """The differences between two requests, in words; those of JSON bodies by path."""
    found = [
        f"the {what} is {one}, recorded was {other}"
        for what, one, other in (("method", asked.method, recorded.method), ("path", asked.path, recorded.path))
        if one != other
    ]
    if asked.body == recorded.body:
        return found
    bodies = _parsed(asked.body), _parsed(recorded.body)
    if _ABSENT in bodies:
        return [*found, f"the body is {_shown(asked.body)}, recorded was {_shown(recorded.body)}"]
    return found + [_sentence(*difference) for difference in _paths(*bodies, "$")]


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _ABSENT


def _paths(asked: Any, recorded: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(asked, dict) and isinstance(recorded, dict):
        for key in sorted(asked.keys() | recorded.keys()):
            yield from _paths(asked.get(key, _ABSENT), recorded.get(key, _ABSENT), f"{path}.{key}")
    elif isinstance(asked, list) and isinstance(recorded, list):
        for place in range(max(len(asked), len(recorded))):
            one, other = ((side[place] if place < len(side) else _ABSENT) for side in (asked, recorded))
            yield from _paths(one, other, f"{path}[{place}]")
    elif asked is _ABSENT or recorded is _ABSENT or not same(asked, recorded):
        yield path, asked, recorded


def _sentence(path: str, asked: Any, recorded: Any) -> str:
    if recorded is _ABSENT:
        return f"{path} is {_shown(asked)}, recorded was none"
    if asked is _ABSENT:
        return f"{path} is missing, recorded was {_shown(recorded)}"
    return f"{path} is {_shown(asked)}, recorded was {_shown(recorded)}"


def _shown(value: Any) -> str:
    return clip(visible(value.decode("utf-8", "replace")), _LONG) if isinstance(value, bytes) else short(value, _LONG)
