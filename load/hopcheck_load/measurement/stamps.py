"""The stamps that the upstream put into a stream's deltas, and when the client read them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from hopcheck_contracts.sse import EventParser
from hopcheck_load.measurement.records import ExchangeTimeline

DONE = "[DONE]"

_STAMP = re.compile(r"(\d{1,7}):(\d{4,20})")
_STAMPED = re.compile(rb'"content"\s*:\s*"(\d{1,7}):(\d{4,20})"[^\r\n]*(?:\n\n|\r\n\r\n|\r\r)')
"""A stamp, and the rest of its event: an event is complete with its blank line."""

_EMPTY = re.compile(rb'"content"\s*:\s*(?:""|null)')


def timeline_of(reads: Iterable[tuple[int, bytes]]) -> ExchangeTimeline:
    """Return the stamped events of a stream; `reads` are the (time, bytes) of each read."""
    found = ExchangeTimeline(endings=0)
    parser = EventParser()
    for number, (at_ns, data) in enumerate(reads):
        for event in parser.feed(data):
            found.endings += event.data == DONE
            _take(found, _content(event.json), at_ns, number)
    return found


def quick_timeline(reads: Sequence[tuple[int, bytes]]) -> ExchangeTimeline:
    """Return the same at a tenth of the cost, for a client that has other streams to read meanwhile.

    It searches the bytes for stamps. Unless that finds each stamp once, in order, and nothing else, it parses the
    stream as `timeline_of` does.
    """
    body = b"".join(data for _, data in reads)
    ends = list(accumulate(len(data) for _, data in reads))
    found = ExchangeTimeline(endings=body.count(DONE.encode()))
    for match in _STAMPED.finditer(body):
        number = bisect_left(ends, match.end())
        found.sequence.append(int(match[1]))
        found.stamp_ns.append(int(match[2]))
        found.read_ns.append(reads[number][0])
        found.read.append(number)
    is_complete = found.sequence == list(range(body.count(b'"content"') - len(_EMPTY.findall(body))))
    return found if is_complete else timeline_of(reads)


def _take(found: ExchangeTimeline, content: str, at_ns: int, number: int) -> None:
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
    """Return the text of a chunk's first choice, or ""."""
    try:
        content = payload["choices"][0]["delta"]["content"]
    except (KeyError, IndexError, TypeError):
        return ""
    return content if isinstance(content, str) else ""
