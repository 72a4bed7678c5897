"""One request to a server, and the means to answer it: its handler decides every byte, also the wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Literal, Protocol

Framing = Literal["length", "chunked", "close", "none"]
"""How a body's end is told: Content-Length, chunks, the connection's end, or there is no body at all."""


class PeerLeft(Exception):
    """The client closed the connection before the answer was complete."""


class Line(Protocol):
    """The connection, as an exchange needs it.

    Attributes:
        number: A later connection's is higher.
    """

    number: int

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client doesn't read; `PeerLeft` if it has left."""

    def drop(self) -> None:
        """Close without ending the answer; what was written still leaves."""

    def reset(self) -> None:
        """Close with a reset."""


class ServerExchange:
    """One request, and the means to answer it.

    Attributes:
        method: As sent.
        target: The request target, with its query.
        headers: As they came, in order and case.
        body: Decoded from its framing.
        received_ns: When the last byte was read, CLOCK_MONOTONIC.
        gone: Set when the client has closed the connection.
        on_gone: Called then.
    """

    def __init__(self, connection: Line) -> None:
        """Made by the connection."""
        self.method = ""
        self.target = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""
        self.received_ns = 0
        self.gone = asyncio.Event()
        self.on_gone: Callable[[], None] = lambda: None
        self.keep_alive = True
        self.started = False
        self._connection = connection
        self._framing: Framing = "none"

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    async def start(
        self, status: int, headers: Iterable[tuple[str, str]], framing: Framing, *, version: str = "1.1"
    ) -> None:
        """Send the head. `headers` must hold Content-Length where `framing` is `length`.

        Raises:
            PeerLeft: Nobody is there to read it.
        """
        self.started = True
        self._framing = framing
        if framing == "close":
            self.keep_alive = False
        lines = [f"HTTP/{version} {status} {phrase(status)}", *(f"{name}: {value}" for name, value in headers)]
        if framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if not self.keep_alive:
            lines.append("Connection: close")
        await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))

    async def write(self, data: bytes) -> None:
        """Send body bytes in one piece, framed.

        Raises:
            PeerLeft: Nobody is there to read them.
        """
        if not data:
            return
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data) if self._framing == "chunked" else data)

    async def finish(self) -> None:
        """End the body, and the connection where it isn't kept.

        Raises:
            PeerLeft: Nobody is there to read it.
        """
        if self._framing == "chunked":
            await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        """Send any bytes, and wait while the client doesn't read.

        Raises:
            PeerLeft: Nobody is there to read them.
        """
        await self._connection.send(data)

    def abort(self) -> None:
        """Drop the connection, so that the answer's framing stays open."""
        self.keep_alive = False
        self._connection.drop()

    def reset(self) -> None:
        """Drop the connection with a reset (RST); what the client hasn't read yet is lost."""
        self.keep_alive = False
        self._connection.reset()

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""
        return self._connection.is_local

    @property
    def connection(self) -> int:
        """The number of the connection that it came on; a later connection's is higher."""
        return self._connection.number


def phrase(status: int) -> str:
    """What a status line says of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
