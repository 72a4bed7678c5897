"""A response as a dialect renders it: a head and the body in pieces. Knows no sockets, and no framing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from time import time

from hopcheck_server.upstream.script.turns import Delivery, HeaderFields, Turn
from hopcheck_server.wire.exchange import status_line
from hopcheck_server.wire.headers import Headers

MAX_PLAIN_BYTES = 64 * 1024
"""A larger body may have to wait for a slow reader."""

_AT_ONCE = Delivery()

BODILESS = (204, 304)
"""Statuses that allow no body."""


@dataclass(slots=True)
class RenderedResponse:
    """What an attempt is answered.

    Attributes:
        head: Status line and header lines, without those that frame the body and without the blank line.
        pieces: The body; in a stream, one piece for each event. May be put together anew each time that it is read, so
            that a thousand streams needn't hold what hasn't left yet.
        stream: Whether it is an event stream.
        bodiless: Whether its status, or the request's method, allows no body.
        is_plain: Whether it leaves at once, in one write and with its length, unless the connection is to be closed.
        leading_events: How many more events come before a stream's content than OpenAI's one, in whose count scripts
            say where a stream stops.
    """

    head: bytes
    pieces: Iterable[bytes]
    stream: bool = False
    bodiless: bool = False
    is_plain: bool = False
    leading_events: int = 0

    @property
    def body(self) -> bytes:
        """All pieces."""
        return b"".join(self.pieces)

    def message(self, body: bytes) -> bytes:
        """All bytes of a plain response with this body."""
        date = this_second().date_line
        return b"%b%bcontent-length: %d\r\nconnection: keep-alive\r\n\r\n%b" % (self.head, date, len(body), body)


def is_plain(turn: Turn, body_bytes: int) -> bool:
    """Whether a turn's response is plain, given that it is no stream."""
    return turn.delivery == _AT_ONCE and turn.status not in BODILESS and body_bytes < MAX_PLAIN_BYTES


@lru_cache(maxsize=1024)
def head(status: int, headers: HeaderFields) -> bytes:
    """Render a status line and header lines."""
    return status_line(status) + Headers(headers).encode()


def merged(own: HeaderFields, given: HeaderFields) -> HeaderFields:
    """Headers of the dialect and of the script; those given replace its own of the same name."""
    if not given:
        return own
    replaced = {name.lower() for name, _ in given}
    return tuple(pair for pair in own if pair[0] not in replaced) + given


class Second:
    """A second of the clock as responses say it, rendered once.

    Attributes:
        begin: When it begins, in unix seconds.
        end: When it ends.
        number: Its number, in decimal digits.
        rfc_3339: The same as a date and a time of day, in UTC.
        date_line: The Date header.
    """

    __slots__ = ("begin", "date_line", "end", "number", "rfc_3339")

    def __init__(self, number: int) -> None:
        self.begin, self.end = float(number), number + 1.0
        self.number = b"%d" % number
        self.rfc_3339 = f"{datetime.fromtimestamp(number, UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
        self.date_line = f"date: {formatdate(number, usegmt=True)}\r\n".encode()


_second = Second(0)


def this_second() -> Second:
    """The second that it is now."""
    global _second
    now = time()
    if now >= _second.end or now < _second.begin:  # the clock may have been set back
        _second = Second(int(now))
    return _second
