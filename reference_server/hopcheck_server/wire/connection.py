"""One connection of a client to a server: it hands the requests on, and lets them be answered in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol, cast

from hopcheck_server.wire import sockets
from hopcheck_server.wire.exchange import PeerLeft, ServerExchange, status_line
from hopcheck_server.wire.headers import Fields
from hopcheck_server.wire.request_reader import RequestReader

MAX_PIPELINED = 64
"""How many requests may wait for their turn before the connection is read no further."""

MAX_BUFFERED_BYTES = 64 * 1024
"""How many bytes may wait for a slow client before the handler pauses. It goes on when all have left."""

Work = Coroutine[Any, Any, None] | Callable[[], None]
"""What answers a request when its turn has come: a coroutine, or a function that sees to it that `end` is called."""

Handler = Callable[[ServerExchange], Work]
"""Called with each request as soon as it has arrived, also while an earlier one is being answered."""


class ConnectionOwner(Protocol):
    """The server, as a connection needs it; see `Server`."""

    handler: Handler
    tasks: set[asyncio.Task[None]]

    def join(self, connection: ServerConnection) -> int:
        """Take a connection that was made, and number it."""

    def leave(self, connection: ServerConnection) -> None:
        """Let go of a connection that has ended."""

    def enqueue(self, connection: ServerConnection, data: bytes) -> None:
        """Let a connection's bytes be parsed, with those of others."""

    def parse_all(self) -> None:
        """Parse now what waits for that."""


class ServerConnection(RequestReader):
    """One connection of a client.

    Attributes:
        number: A later connection's is higher.
        writable: Whether the client has read all but a few kilobytes of what was written.
    """

    def __init__(self, server: ConnectionOwner) -> None:
        """Made by the server."""
        super().__init__()
        self._server = server
        self._waiting: deque[tuple[ServerExchange, Work]] = deque()
        self._current: ServerExchange | None = None
        self._drained: asyncio.Future[None] | None = None
        self._has_left = False
        self._read_ns = 0
        self.number = 0
        self.writable = True

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the server number the connection. Event loops set TCP_NODELAY themselves."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_BUFFERED_BYTES, low=0)
        self.number = self._server.join(self)

    def data_received(self, data: bytes) -> None:
        """Take what was read."""
        self._server.enqueue(self, data)

    def parse_read(self, data: bytes, read_ns: int) -> None:
        """Parse what was read at that time (CLOCK_MONOTONIC)."""
        self._read_ns = read_ns
        self.parse(data)

    def eof_received(self) -> bool:
        """Take a client that sends nothing more for one that has left."""
        self._server.parse_all()
        self._leave()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Let the handlers know that the client is gone."""
        self._server.parse_all()
        self.stop_reading()
        self._leave()
        self._server.leave(self)

    def pause_writing(self) -> None:
        """Let handlers wait: the client reads more slowly than they write."""
        self.writable = False

    def resume_writing(self) -> None:
        """Let handlers go on."""
        self.writable = True
        self._wake()
        if self._current is not None and self._current.on_writable is not None:
            # Not from here: a handler that closes the connection now would have asyncio end it twice.
            asyncio.get_running_loop().call_soon(self._current.on_writable)

    # Requests.

    def on_request(self, method: str, target: str, fields: Fields, body: bytes, version: str, keep_alive: bool) -> None:
        """Hand a request to the handler; it is answered now, or after the one before it."""
        exchange = ServerExchange(self, method, target, fields, body, version, keep_alive, self._read_ns)
        work = self._server.handler(exchange)
        if self._current is None and not self._waiting:
            self._begin(exchange, work)
            return
        self._waiting.append((exchange, work))
        if len(self._waiting) == MAX_PIPELINED:
            self._transport.pause_reading()

    def on_expectation(self) -> None:
        """Let the body come; while another response is being written, it must come unasked."""
        if self._current is None and not self._waiting:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def refuse(self, status: int) -> None:
        """Refuse a request; while another response is being written, there is no room for that."""
        if self._current is None and not self._waiting:
            self._transport.write(status_line(status) + b"Connection: close\r\n\r\n")
        self.drop()
        self._leave()

    # Responses.

    def _begin(self, exchange: ServerExchange, work: Work) -> None:
        self._current = exchange
        if callable(work):
            try:
                work()
            except BaseException:  # the client is not left waiting; the event loop reports it
                self.drop()
                raise
            return
        task = asyncio.get_running_loop().create_task(work)
        self._server.tasks.add(task)
        task.add_done_callback(partial(self._on_done, exchange))

    def _on_done(self, exchange: ServerExchange, task: asyncio.Task[None]) -> None:
        self._server.tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or (error is not None and not isinstance(error, PeerLeft)):
            exchange.abort()  # the client is not left waiting
        if error is not None and not isinstance(error, PeerLeft):
            context = {"message": "a handler failed", "exception": error, "task": task}
            asyncio.get_running_loop().call_exception_handler(context)
        self.end(exchange)

    def end(self, exchange: ServerExchange) -> None:
        """Go on with the next request, or close where the connection isn't kept."""
        if exchange is not self._current:
            return
        self._current = None
        if not exchange.keep_alive:
            self.drop()
            self._leave()
        elif self._waiting:
            # Not from here: a thousand pipelined requests would be a thousand frames deep.
            asyncio.get_running_loop().call_soon(self._begin_next)

    def _begin_next(self) -> None:
        if self._waiting and self._current is None:
            if len(self._waiting) == MAX_PIPELINED:
                self._transport.resume_reading()
            self._begin(*self._waiting.popleft())

    def _leave(self) -> None:
        """Tell what is being answered, and what waits for that, that the client is gone."""
        self._has_left = True
        self._wake()
        leaving = [self._current] if self._current is not None else []
        self._current = None
        while self._waiting:
            exchange, work = self._waiting.popleft()
            leaving.append(exchange)
            if not callable(work):
                work.close()
        for exchange in leaving:
            exchange.leave()

    def _wake(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # What exchanges ask for.

    def write(self, data: bytes) -> bool:
        """See `ConnectionLine`."""
        if self.is_closed:
            return False
        self._transport.write(data)
        return True

    async def drain(self) -> None:
        """See `ConnectionLine`."""
        if not self.writable and not self._has_left:
            if self._drained is None or self._drained.done():
                self._drained = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._drained)
        if self._has_left:
            raise PeerLeft

    @property
    def is_local(self) -> bool:
        """Whether the client is on this host."""
        return sockets.is_local(self._transport)

    @property
    def is_closed(self) -> bool:
        """See `ConnectionLine`."""
        return self._transport.is_closing()

    def drop(self) -> None:
        """Close; what was written still leaves."""
        self.closing = True
        self._transport.close()

    def reset(self, after_s: float = 0.0) -> None:
        """Close with a reset, now or later."""
        self.closing = True
        if after_s:
            asyncio.get_running_loop().call_later(after_s, sockets.reset, self._transport)
        else:
            sockets.reset(self._transport)

    def abort(self) -> None:
        """Close at once."""
        self.closing = True
        self._transport.abort()
