"""The stamps that the upstream put into a stream's deltas, and when the client read them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate

from hopcheck_contracts.sse import EventParser
from hopcheck_load.measurement.records import ExchangeTimeline
from hopcheck_load.measurement.surfaces import SURFACES, Surface
from hopcheck_load.measurement.surfaces.surface import EventContent

_STAMP = r"(\d{1,7}):(\d{4,20})(?::([0-9a-z]{1,40}))?"
_WHOLE_STAMP = re.compile(_STAMP)
_REST_OF_EVENT = rb"[^\r\n]*(?:\n\n|\r\n\r\n|\r\r)"
"""An event is complete with its blank line."""

CHAT = SURFACES["chat"]


def timeline_of(reads: Iterable[tuple[int, bytes]], surface: Surface = CHAT, nonce: str = "") -> ExchangeTimeline:
    """Return the stamped events of a stream.

    Args:
        reads: The (time, bytes) of each read.
        surface: Whose events they are.
        nonce: That of the request's marker: a stamp with another one belongs to another exchange.
    """
    reader = _StreamReader(nonce)
    parser = EventParser()
    for number, (at_ns, data) in enumerate(reads):
        for event in parser.feed(data):
            reader.take(surface.content(event), at_ns, number)
    return reader.found


class _StreamReader:
    """Compares the events of a stream, one by one, with what the upstream put into them."""

    def __init__(self, nonce: str) -> None:
        self.found = ExchangeTimeline(endings=0, finishes=0)
        self._nonce = nonce
        self._text = ""

    def take(self, content: EventContent, at_ns: int, number: int) -> None:
        found = self.found
        found.finishes += content.finishes
        found.endings += content.ends
        found.others += content.whole is not None and content.whole != self._text
        self._text += content.text
        if content.text:
            self._take_stamp(content.text, at_ns, number)

    def _take_stamp(self, text: str, at_ns: int, number: int) -> None:
        stamp, found = _WHOLE_STAMP.fullmatch(text), self.found
        if stamp is None:
            found.others += 1
            return
        found.foreign += stamp[3] not in (None, self._nonce)
        found.sequence.append(int(stamp[1]))
        found.stamp_ns.append(int(stamp[2]))
        found.read_ns.append(at_ns)
        found.read.append(number)


def quick_timeline(reads: Sequence[tuple[int, bytes]], surface: Surface = CHAT, nonce: str = "") -> ExchangeTimeline:
    """Return the same at a tenth of the cost, for a client that has other streams to read meanwhile.

    It searches the bytes for stamps. Unless that finds each stamp once, in order, and nothing else, it parses the
    stream as `timeline_of` does.
    """
    body = b"".join(data for _, data in reads)
    ends = list(accumulate(len(data) for _, data in reads))
    found = ExchangeTimeline(endings=len(surface.end.findall(body)), finishes=len(surface.finish.findall(body)))
    matches = list(_stamped(surface.text_key).finditer(body))
    for match in matches:
        number = bisect_left(ends, match.end())
        found.sequence.append(int(match[2]))
        found.stamp_ns.append(int(match[3]))
        found.read_ns.append(reads[number][0])
        found.read.append(number)
    is_complete = _is_complete(found, body, surface) and _is_own(matches, body, surface, nonce)
    return found if is_complete else timeline_of(reads, surface, nonce)


def _is_complete(found: ExchangeTimeline, body: bytes, surface: Surface) -> bool:
    """Whether each piece of text was found, in order, and one end."""
    texts = len(_keys(surface.text_key).findall(body)) - len(_empty(surface.text_key).findall(body))
    return (found.endings, found.finishes) == (1, 1) and found.sequence == list(range(texts))


def _is_own(matches: Sequence[re.Match[bytes]], body: bytes, surface: Surface, nonce: str) -> bool:
    """Whether all stamps are those of the exchange, also where the whole text is repeated."""
    own = nonce.encode()
    if any(match[4] not in (None, own) for match in matches):
        return False
    return not surface.repeats or body.count(b"".join(match[1] for match in matches)) == surface.repeats


@cache
def _stamped(key: bytes) -> re.Pattern[bytes]:
    """Return what finds a stamp in the text of an event, and the rest of the event."""
    return re.compile(rb'"%b"\s*:\s*"(%b)"%b' % (key, _STAMP.encode(), _REST_OF_EVENT))


@cache
def _keys(key: bytes) -> re.Pattern[bytes]:
    return re.compile(rb'"%b"\s*:\s*["n]' % key)


@cache
def _empty(key: bytes) -> re.Pattern[bytes]:
    return re.compile(rb'"%b"\s*:\s*(?:""|null)' % key)
