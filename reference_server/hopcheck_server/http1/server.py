"""An HTTP/1.1 server whose handler decides every byte of its answer, also the wrong ones.

Parsing is httptools'. One exchange at a time per connection; a pipelined request waits for its turn.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from types import TracebackType
from typing import Literal, Self, cast

import httptools

Framing = Literal["length", "chunked", "close", "none"]
"""How a body's end is told: Content-Length, chunks, the connection's end, or there is no body at all."""

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body; more is answered with 413 and the connection is closed."""


class ClientGone(Exception):
    """The client closed the connection before the answer was complete."""


class Exchange:
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

    def __init__(self, connection: ServerConnection) -> None:
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
            ClientGone: Nobody is there to read it.
        """
        self.started = True
        self._framing = framing
        if framing == "close":
            self.keep_alive = False
        lines = [f"HTTP/{version} {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in headers)]
        if framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
        if not self.keep_alive:
            lines.append("Connection: close")
        await self.raw("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))

    async def write(self, data: bytes) -> None:
        """Send body bytes in one piece, framed.

        Raises:
            ClientGone: Nobody is there to read them.
        """
        if not data:
            return
        await self.raw(b"%x\r\n%b\r\n" % (len(data), data) if self._framing == "chunked" else data)

    async def finish(self) -> None:
        """End the body, and the connection where it isn't kept.

        Raises:
            ClientGone: Nobody is there to read it.
        """
        if self._framing == "chunked":
            await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        """Send any bytes, and wait while the client doesn't read.

        Raises:
            ClientGone: Nobody is there to read them.
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
    def connection(self) -> int:
        """The number of the connection that it came on; a later connection's is higher."""
        return self._connection.number


BACKLOG = 1024
"""Connections that may wait to be accepted; with fewer, a burst of clients waits a second for its second try."""

Handler = Callable[[Exchange], Awaitable[None]]


class ServerConnection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, server: Server) -> None:
        """Made by the server."""
        self._server = server
        server.opened += 1
        self.number = server.opened
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._reading = Exchange(self)
        self._body = bytearray()
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = False
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)
        if self._server.closed:  # accepted just before the listening ended
            self._transport.abort()
        else:
            self._server.connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Tell the handler that the client is gone."""
        self._lost = True
        self._server.connections.discard(self)
        self._writable.set()
        if self._current is not None:
            self._current.gone.set()
            self._current.on_gone()

    def pause_writing(self) -> None:
        """Let `send` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `send` go on."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Parse what came; what isn't HTTP is answered with 400, and the connection closed."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self._refuse(400)

    def on_url(self, url: bytes) -> None:
        """The target (may come in pieces)."""
        self._reading.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._reading.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Let a careful client go on with its body."""
        self._reading.method = self._parser.get_method().decode("latin-1")
        expects = (self._reading.header("expect") or "").lower() == "100-continue"
        if expects and self._transport is not None and self._task is None:  # else an answer is being written
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        """Body bytes."""
        if self._refused:
            return
        self._body += data
        if len(self._body) > MAX_BODY:
            self._refuse(413)

    def on_message_complete(self) -> None:
        """The request is whole: answer it, now or after the one before it."""
        if self._refused:
            return
        exchange, self._reading = self._reading, Exchange(self)
        exchange.body, self._body = bytes(self._body), bytearray()
        exchange.received_ns = time.monotonic_ns()
        exchange.keep_alive = self._parser.should_keep_alive()
        self._waiting.append(exchange)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())
            self._server.tasks.add(self._task)
            self._task.add_done_callback(self._server.tasks.discard)

    async def _serve(self) -> None:
        while self._waiting and not self._lost:
            self._current = exchange = self._waiting.popleft()
            try:
                await self._server.handler(exchange)
            except ClientGone:
                pass
            except Exception:
                exchange.abort()  # whoever asked is not left waiting
                self._task = None
                raise
            finally:
                self._current = None
            if not exchange.keep_alive and self._transport is not None:
                self._transport.close()
                break
        self._task = None

    def _refuse(self, status: int) -> None:
        if self._transport is None or self._lost or self._refused:
            return
        self._refused = True
        if self._task is None:  # else an answer is being written, and there is no room for another
            self._transport.write(f"HTTP/1.1 {status} {_phrase(status)}\r\nConnection: close\r\n\r\n".encode())
        self._transport.close()

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client doesn't read (see `Exchange.raw`)."""
        if self._lost or self._transport is None or self._transport.is_closing():
            raise ClientGone
        self._transport.write(data)
        await self._writable.wait()
        if self._lost:
            raise ClientGone

    def drop(self) -> None:
        """Close without ending the answer; what was written still leaves."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with a reset."""
        if self._transport is not None:
            own = self._transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


class Server:
    """Listens, and hands every request to one handler.

    Attributes:
        opened: How many connections there have been; the latest has this number.
    """

    def __init__(self, handler: Handler) -> None:
        """Does not listen yet."""
        self.handler = handler
        self.connections: set[ServerConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.closed = False
        self.opened = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ServerConnection(self), host, port, backlog=BACKLOG)
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def aclose(self) -> None:
        """Stop listening, drop connections, and end what is being answered."""
        self.closed = True
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.drop()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        """Use as a context manager once started."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.aclose()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
