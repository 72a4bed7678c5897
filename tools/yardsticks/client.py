"""A client that costs little: it sends prepared bytes, and notes when the events of a response arrive."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

_LENGTH = b"content-length:"
_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class Timed:
    """One response: seconds from the request's first byte, all of them to an arrival.

    Attributes:
        first_s: Of the body's first byte.
        last_s: Of its last one.
        events: Of each event of a stream.
    """

    first_s: float = 0.0
    last_s: float = 0.0
    events: list[float] = field(default_factory=list)

    @property
    def mean_event_s(self) -> float:
        """When the events arrived, on average; the response's end where it is no stream."""
        return sum(self.events) / len(self.events) if self.events else self.last_s


class Connection(asyncio.Protocol):
    """One connection, used by one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._timed = Timed()
        self._began = 0.0
        self._complete: asyncio.Future[Timed] | None = None

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect to a port of this host."""
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    async def ask(self, request: bytes) -> Timed:
        """Send a request, and wait for its complete response. Raises AssertionError where it isn't a 200."""
        assert self._transport is not None
        self._received.clear()
        self._timed = Timed()
        self._complete = asyncio.get_running_loop().create_future()
        self._began = time.perf_counter()
        self._transport.write(request)
        return await self._complete

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail a request that has no complete response."""
        if self._complete is not None and not self._complete.done():
            self._complete.set_exception(AssertionError(f"cut after {bytes(self._received[-200:])!r}"))

    def data_received(self, data: bytes) -> None:
        """Note the time, and whether the response is complete."""
        at = time.perf_counter() - self._began
        self._received += data
        self._timed.first_s = self._timed.first_s or at
        self._timed.events += [at] * data.count(b"data: {")
        if self._is_complete() and self._complete is not None and not self._complete.done():
            self._timed.last_s = at
            self._finish(self._complete)

    def _finish(self, complete: asyncio.Future[Timed]) -> None:
        if self._received.startswith(b"HTTP/1.1 200 "):
            complete.set_result(self._timed)
        else:
            complete.set_exception(AssertionError(f"{bytes(self._received[:400])!r}"))

    def _is_complete(self) -> bool:
        received = self._received
        head_end = received.find(_HEAD_END)
        if head_end < 0:
            return False
        head = bytes(received[:head_end]).lower()
        if _LENGTH not in head:
            return received.endswith(_LAST_CHUNK)
        length = int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])
        return len(received) >= head_end + len(_HEAD_END) + length
