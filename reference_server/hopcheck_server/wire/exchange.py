"""One request to a server, and the means to answer it: its handler decides every byte, also the wrong ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import cached_property
from http import HTTPStatus
from typing import Literal, Protocol

from hopcheck_server.wire.headers import Fields, Headers

Framing = Literal["length", "chunked", "close", "none"]
"""What marks a body's end: Content-Length, chunks, the connection's end; or there is no body at all."""


class PeerLeft(Exception):
    """The client closed the connection before the response was complete."""


class ConnectionLine(Protocol):
    """The connection, as an exchange needs it.

    Attributes:
        number: A later connection's is higher.
        writable: Whether the client has read all but a few kilobytes of what was written.
    """

    number: int
    writable: bool

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be written any more."""

    def write(self, data: bytes) -> bool:
        """Write, unless the client has left; whether it hasn't."""

    async def drain(self) -> None:
        """Wait until `writable`; `PeerLeft` if the client has left."""

    def end(self, exchange: ServerExchange) -> None:
        """Go on with the next request."""

    def drop(self) -> None:
        """Close; what was written still leaves."""

    def reset(self, after_s: float) -> None:
        """Close with a reset."""

    def abort(self) -> None:
        """Close at once; what was written and hasn't left is lost."""


class ServerExchange:
    """One request, and the means to answer it.

    Attributes:
        method: As sent.
        target: The request target, with its query.
        fields: The header fields as the parser gave them.
        body: Decoded from its framing.
        version: Of HTTP: `1.0` or `1.1`.
        keep_alive: Whether the connection serves another request after this one.
        received_ns: When the last byte was read, CLOCK_MONOTONIC.
        line: The connection.
        connection: The number of the connection that it came on; a later connection's is higher.
        has_left: Whether the client has closed the connection.
        on_gone: Called when it does.
        on_writable: Called when the client has caught up with reading; a handler pauses while `line.writable` is false.
    """

    has_left = False
    on_gone: Callable[[], None] | None = None
    on_writable: Callable[[], None] | None = None
    _gone: asyncio.Event | None = None
    _framing: Framing = "none"

    def __init__(
        self,
        connection: ConnectionLine,
        method: str,
        target: str,
        fields: Fields,
        body: bytes,
        version: str,
        keep_alive: bool,
        received_ns: int,
    ) -> None:
        self.line = connection
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.version = version
        self.keep_alive = keep_alive
        self.received_ns = received_ns
        self.connection = connection.number

    @cached_property
    def headers(self) -> Headers:
        """The header fields, in order and case."""
        return Headers.of(self.fields)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return self.headers.first(name)

    @property
    def gone(self) -> asyncio.Event:
        """Set when the client has closed the connection."""
        if self._gone is None:
            self._gone = asyncio.Event()
            if self.has_left:
                self._gone.set()
        return self._gone

    def leave(self) -> None:
        """Note that the client has left; called by the connection."""
        self.has_left = True
        if self._gone is not None:
            self._gone.set()
        if self.on_gone is not None:
            self.on_gone()

    # For handlers that are coroutines.

    async def start(
        self, status: int, headers: Iterable[tuple[str, str]], framing: Framing, *, version: str = "1.1"
    ) -> None:
        """Send the head. `headers` must hold Content-Length where `framing` is `length`.

        Raises:
            PeerLeft: The client is gone.
        """
        self._framing = framing
        if framing == "close":
            self.keep_alive = False
        fields = Headers(headers)
        if framing == "chunked":
            fields.append(("Transfer-Encoding", "chunked"))
        if not self.keep_alive:
            fields.append(("Connection", "close"))
        await self.raw(status_line(status, version) + fields.encode() + b"\r\n")

    async def write(self, data: bytes) -> None:
        """Send body bytes in one piece, framed.

        Raises:
            PeerLeft: The client is gone.
        """
        if data:
            await self.raw(b"%x\r\n%b\r\n" % (len(data), data) if self._framing == "chunked" else data)

    async def finish(self) -> None:
        """End the body; a client that leaves from now on has its whole response, so `on_gone` isn't called any more.

        Raises:
            PeerLeft: The client is gone.
        """
        self.on_gone = None
        if self._framing == "chunked":
            await self.raw(b"0\r\n\r\n")

    async def respond(self, status: int, media_type: str, body: bytes) -> None:
        """Send a complete response.

        Raises:
            PeerLeft: The client is gone.
        """
        await self.start(status, [("content-type", media_type), ("content-length", str(len(body)))], "length")
        await self.write(body)
        await self.finish()

    async def raw(self, data: bytes) -> None:
        """Send any bytes, and wait while the client doesn't read.

        Raises:
            PeerLeft: The client is gone.
        """
        if not self.line.write(data):
            raise PeerLeft
        await self.line.drain()

    # For handlers that are functions.

    def send(self, data: bytes) -> None:
        """Send any bytes, without waiting; if the client is gone, they are dropped."""
        self.line.write(data)

    def end(self) -> None:
        """Say that the response is complete; the connection goes on with the next request, or closes."""
        self.line.end(self)

    # For both.

    def abort(self) -> None:
        """Close the connection after what was written, so that the response's framing stays open."""
        self.keep_alive = False
        self.line.drop()

    def reset(self, after_s: float = 0.0) -> None:
        """Close the connection with a reset (RST), now or later; what the client hasn't read by then is lost."""
        self.keep_alive = False
        self.line.reset(after_s)

    def release(self) -> None:
        """Close the connection at once, whatever waits to be sent."""
        self.keep_alive = False
        self.line.abort()

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""
        return self.line.is_local

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be written any more. After a reset, that is so a moment before `has_left`."""
        return self.has_left or self.line.is_closed


def status_line(status: int, version: str = "1.1") -> bytes:
    """The first line of a response."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/{version} {status} {phrase}\r\n".encode()
