"""An answer as a dialect renders it: a head and the body in pieces. Knows no sockets, and no framing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from hopcheck_server.upstream.script.turns import Headers

STAMP = b"{hopcheck-stamp}"
"""Stands in a piece for what is known only when it leaves: `<sequence>:<monotonic ns>`."""


BODILESS = (204, 304)
"""Statuses that allow no body."""


@dataclass(slots=True)
class RenderedResponse:
    """What an attempt is answered.

    Attributes:
        head: Status line and header lines, without those that frame the body and without the blank line.
        pieces: The body; in a stream, one piece for each event.
        stream: Whether it is an event stream.
        plain: Whether it leaves as it is: at once, whole, with its length.
        empty: Whether its status allows no body.
    """

    head: bytes
    pieces: list[bytes]
    stream: bool = False
    plain: bool = False
    empty: bool = False


@lru_cache(maxsize=1024)
def head(status: int, headers: Headers) -> bytes:
    """Render a status line and header lines."""
    lines = [f"HTTP/1.1 {status} {_reason(status)}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n").encode("latin-1", "replace")


def merged(own: Headers, given: Headers) -> Headers:
    """Headers of the dialect and of the script; those given replace its own of the same name."""
    if not given:
        return own
    replaced = {name.lower() for name, _ in given}
    return tuple(pair for pair in own if pair[0] not in replaced) + given


def date_line() -> bytes:
    """The Date header, computed once a second."""
    return _date_line(int(time.time()))


@lru_cache(maxsize=2)
def _date_line(second: int) -> bytes:
    return f"date: {formatdate(second, usegmt=True)}\r\n".encode()


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
