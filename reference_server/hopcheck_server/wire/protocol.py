"""One connection of a client to a server: reads its requests, and hands them on one at a time.

Parsing is httptools'.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

import httptools

from hopcheck_server.wire import sockets
from hopcheck_server.wire.exchange import PeerLeft, ServerExchange, phrase

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a request body; more is answered with 413 and the connection is closed."""

Handler = Callable[[ServerExchange], Awaitable[None]]


class Host(Protocol):
    """What stands behind the connections.

    Attributes:
        handler: Answers requests.
        connections: Those that are open.
        tasks: What is being answered.
        closed: Whether it takes no more.
        opened: How many connections there have been; the latest has this number.
    """

    handler: Handler
    connections: set[ServerConnection]
    tasks: set[asyncio.Task[None]]
    closed: bool
    opened: int


class ServerConnection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, server: Host) -> None:
        """Made by the server."""
        self._server = server
        server.opened += 1
        self.number = server.opened
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._reading = ServerExchange(self)
        self._body = bytearray()
        self._waiting: deque[ServerExchange] = deque()
        self._current: ServerExchange | None = None
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
        exchange, self._reading = self._reading, ServerExchange(self)
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
            except PeerLeft:
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
            self._transport.write(f"HTTP/1.1 {status} {phrase(status)}\r\nConnection: close\r\n\r\n".encode())
        self._transport.close()

    async def send(self, data: bytes) -> None:
        """Write, and wait while the client doesn't read (see `ServerExchange.raw`)."""
        if self._lost or self._transport is None or self._transport.is_closing():
            raise PeerLeft
        self._transport.write(data)
        await self._writable.wait()
        if self._lost:
            raise PeerLeft

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""
        return self._transport is not None and sockets.is_local(self._transport)

    def drop(self) -> None:
        """Close without ending the answer; what was written still leaves."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with a reset."""
        if self._transport is not None:
            sockets.reset(self._transport)
