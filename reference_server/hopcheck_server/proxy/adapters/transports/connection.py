"""One connection to the upstream: the wire's client connection, read in bounded memory."""

from __future__ import annotations

import asyncio
import threading

from hopcheck_server.proxy.adapters.transports.base import BrokenOff, TimedOut
from hopcheck_server.proxy.memory.budget import FEW_BYTES, UNCOUNTED, HeldBytes
from hopcheck_server.proxy.memory.kernel_buffers import bound_buffers
from hopcheck_server.wire.client import ClientConnection
from hopcheck_server.wire.responses import RawResponse

MAX_WAITING_BYTES = 32 * 1024
"""What may wait here for a slow client, per stream, before the upstream is read no further."""

MAX_TIGHT_BYTES = 16 * 1024
"""The same where many wait: half of the budget for all requests is used."""

READ_BYTES = 16 * 1024
"""What is read at once. Event loops would read 256 KiB, and many fast streams let another request wait for long."""

PIECE_BYTES = 128
"""What keeping the bytes of one read takes besides them."""


class _Buffer(threading.local):
    """What every connection of a thread, and so of an event loop, is read into: what comes is copied at once."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(READ_BYTES))


_BUFFER = _Buffer()


class UpstreamConnection(ClientConnection, asyncio.BufferedProtocol):
    """A connection that stops reading while nobody takes what came.

    Attributes:
        idle_since: When it was given back to its pool, by the loop's clock.
        held: What the request holds that it is used for; what waits here is counted there.
    """

    idle_since = 0.0
    held: HeldBytes = UNCOUNTED

    def __init__(self) -> None:
        """Made by `open`."""
        super().__init__()
        self._waiting_bytes = self._counted_bytes = 0
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; the kernel isn't to read ahead where this connection doesn't."""
        super().connection_made(transport)
        bound_buffers(transport.get_extra_info("socket"))
        self._buffer = _BUFFER.view

    @property
    def reusable(self) -> bool:
        """Whether the next request may be sent: the last response must have been read to its end."""
        return super().reusable and not self._waiting_bytes

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where the next bytes are read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what came."""
        self.data_received(bytes(self._buffer[:nbytes]))

    def _keep(self, answer: RawResponse, parts: list[bytes]) -> None:
        """Keep the body bytes of one read, and pause the connection where many wait."""
        joined = b"".join(parts)
        super()._keep(answer, [joined])
        self._waiting_bytes += len(joined) + PIECE_BYTES
        if self._waiting_bytes > FEW_BYTES:
            self._hold_waiting()

    def _hold_waiting(self) -> None:
        more, self._counted_bytes = self._waiting_bytes - self._counted_bytes, self._waiting_bytes
        self.held.count(more)
        limit = MAX_TIGHT_BYTES if self.held.is_tight else MAX_WAITING_BYTES
        if self._waiting_bytes > limit and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def take_body(self) -> bytes:
        """Return the body bytes that wait, and read on."""
        body = self._current().body
        taken = body.popleft()[1] if len(body) == 1 else b"".join([data for _, data in body])
        body.clear()
        if self._counted_bytes:
            self.held.free(self._counted_bytes)
        self._waiting_bytes = self._counted_bytes = 0
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()
        return taken

    async def read(self, limit_s: float) -> bytes:
        """Return the body bytes that have arrived, or wait for the next ones; b"" at the body's end.

        Raises:
            TransportError: The body doesn't come to its end, or nothing came for `limit_s` seconds.
        """
        answer = self._current()
        while not answer.body:
            if answer.complete:
                return b""
            if answer.ended is not None:
                raise BrokenOff
            if not await self._news.wait(limit_s):
                raise TimedOut
        return self.take_body()
