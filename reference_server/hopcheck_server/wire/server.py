"""An HTTP/1.1 server whose handler decides every byte of its responses, also the wrong ones.

Each connection answers one request at a time; a pipelined request waits for its turn.
"""

from __future__ import annotations

import asyncio
from time import monotonic_ns
from typing import Self

from hopcheck_server.wire.connection import Handler, ServerConnection
from hopcheck_server.wire.exchange import Framing, PeerLeft, ServerExchange
from hopcheck_server.wire.tasks import Closing

__all__ = ["BACKLOG", "Framing", "Handler", "PeerLeft", "Server", "ServerExchange"]

BACKLOG = 2048
"""Connections that may wait to be accepted; with fewer, a burst of clients waits a second for its second try."""


class Server(Closing):
    """Listens, and hands every request to one handler.

    Attributes:
        handler: See `Handler`.
        connections: Those that are open.
        tasks: Handlers at work.
        opened: How many connections there have been; the latest has this number.
    """

    def __init__(self, handler: Handler) -> None:
        """Does not listen yet."""
        self.handler = handler
        self.connections: set[ServerConnection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.opened = 0
        self._read: list[tuple[ServerConnection, bytes, int]] = []  # what isn't parsed yet, and when it was read
        self._closed = False
        self._empty = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: ServerConnection(self), host, port, backlog=BACKLOG)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    @property
    def port(self) -> int:
        """Where it listens, or did."""
        assert self._port
        return self._port

    def refuse_connections(self) -> None:
        """Refuse connections and reset those that are open, as when the process has gone; `start` comes back."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.reset()

    async def aclose(self) -> None:
        """Stop listening, drop all connections, and wait until they and their handlers have ended."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.abort()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        if self.connections:
            await self._empty.wait()
        if self._server is not None:
            await self._server.wait_closed()

    # What connections ask of it.

    def join(self, connection: ServerConnection) -> int:
        """Take a connection, and number it; one that was accepted just before the listening ended is dropped."""
        self.connections.add(connection)
        if self._closed:
            connection.abort()
        self.opened += 1
        return self.opened

    def leave(self, connection: ServerConnection) -> None:
        """Let go of a connection that has ended."""
        self.connections.discard(connection)
        if self._closed and not self.connections:
            self._empty.set()

    def enqueue(self, connection: ServerConnection, data: bytes) -> None:
        """Let a connection's bytes be parsed, and answered, with all that are read in this turn of the event loop.

        Code and data that one request needs are in the processor's caches then for the next: between two reads, the
        kernel takes their place.
        """
        if not self._read:
            asyncio.get_running_loop().call_soon(self.parse_all)
        self._read.append((connection, data, monotonic_ns()))

    def parse_all(self) -> None:
        """Parse now what waits for that."""
        read, self._read = self._read, []
        for connection, data, read_ns in read:
            try:
                connection.parse_read(data, read_ns)
            except Exception as error:  # the event loop reports it, and the others are served
                connection.abort()
                _report(error)


def _report(error: Exception) -> None:
    context = {"message": "a request could not be handed on", "exception": error}
    asyncio.get_running_loop().call_exception_handler(context)
