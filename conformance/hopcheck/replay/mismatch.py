"""What to say of a request that was not recorded: where it differs from the recording that is nearest to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hopcheck.authoring.findings import same
from hopcheck.cassettes import Canonical
from hopcheck.replay.index import PlayableInteraction
from hopcheck.report.render.values import clip, short, visible

SHOWN = 3
"""Differences that are told."""

_LONG = 60  # characters of a value
_ABSENT = object()


def explain(key: Canonical, candidates: Iterable[PlayableInteraction]) -> str:
    """Say in one sentence why no recording answers a request."""
    asked = f"{key.method} {key.path}"
    cards = list(candidates)
    if not cards:
        return f"{asked}: nothing like it was recorded"
    alike = [card for card in cards if card.key == key]
    if alike:
        return f"{asked}: asked more often than recorded, and {alike[-1].name} has been played"
    nearest = min(cards, key=lambda card: (not card.left, len(differences(key, card.key))))
    told = differences(key, nearest.key)
    more = f", and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return f"{asked}: {'; '.join(told[:SHOWN])}{more} (nearest: {nearest.name})"


def differences(asked: Canonical, recorded: Canonical) -> list[str]:
    """Where two requests differ, in words; JSON bodies by path."""
    told = [
        f"the {what} is {one}, recorded was {other}"
        for what, one, other in (("method", asked.method, recorded.method), ("path", asked.path, recorded.path))
        if one != other
    ]
    if asked.body == recorded.body:
        return told
    bodies = _parsed(asked.body), _parsed(recorded.body)
    if _ABSENT in bodies:
        return [*told, f"the body is {_shown(asked.body)}, recorded was {_shown(recorded.body)}"]
    return told + [_worded(*found) for found in _paths(*bodies, "$")]


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


def _worded(path: str, asked: Any, recorded: Any) -> str:
    if recorded is _ABSENT:
        return f"{path} is {_shown(asked)}, recorded was none"
    if asked is _ABSENT:
        return f"{path} is missing, recorded was {_shown(recorded)}"
    return f"{path} is {_shown(asked)}, recorded was {_shown(recorded)}"


def _shown(value: Any) -> str:
    return clip(visible(value.decode("utf-8", "replace")), _LONG) if isinstance(value, bytes) else short(value, _LONG)
