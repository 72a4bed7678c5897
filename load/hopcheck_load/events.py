"""Finds in a stream's reads the stamps that the upstream put into its deltas."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hopcheck_contracts.sse import EventParser
from hopcheck_load.records import Timeline

_STAMP = re.compile(r"(\d{1,7}):(\d{4,20})")


def timeline(reads: Iterable[tuple[int, bytes]]) -> Timeline:
    """Read a stream.

    Args:
        reads: (time, bytes) of each read.
    """
    found = Timeline()
    parser = EventParser()
    for number, (at_ns, data) in enumerate(reads):
        for event in parser.feed(data):
            _take(found, _content(event.json), at_ns, number)
    return found


def _take(found: Timeline, content: str, at_ns: int, number: int) -> None:
    if not content:
        return
    stamp = _STAMP.fullmatch(content)
    if stamp is None:
        found.others += 1
        return
    found.sequence.append(int(stamp[1]))
    found.stamp_ns.append(int(stamp[2]))
    found.read_ns.append(at_ns)
    found.read.append(number)


def _content(payload: Any) -> str:
    """The text of a chunk's first choice, or ""."""
    try:
        content = payload["choices"][0]["delta"]["content"]
    except (KeyError, IndexError, TypeError):
        return ""
    return content if isinstance(content, str) else ""
