"""An HTTP/1.1 server whose handler decides every byte of its answer, also the wrong ones.

One exchange at a time per connection; a pipelined request waits for its turn.
"""

from __future__ import annotations

import asyncio
from typing import Self

from hopcheck_server.wire.closing import Closing
from hopcheck_server.wire.exchange import Framing, PeerLeft, ServerExchange
from hopcheck_server.wire.protocol import MAX_BODY, Handler, ServerConnection

__all__ = ["BACKLOG", "MAX_BODY", "Framing", "Handler", "PeerLeft", "Server", "ServerConnection", "ServerExchange"]

BACKLOG = 1024
"""Connections that may wait to be accepted; with fewer, a burst of clients waits a second for its second try."""


class Server(Closing):
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

    def leave(self) -> None:
        """Refuse connections and reset those that are open, as when the process has gone; `start` comes back."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.reset()

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
