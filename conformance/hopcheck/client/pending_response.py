"""One exchange with the target, read to its end or held open."""

from __future__ import annotations

import itertools
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from hopcheck.client.responses import Response
from hopcheck.client.streams import Stream, TimedEvent
from hopcheck_contracts.stream_measure import StreamMeasure
from hopcheck_server.wire.client import Broken, ClientConnection
from hopcheck_server.wire.responses import MIB

KEPT_BYTES = 64 * 1024
"""What is kept of a body that was too large."""


class BodyRoom:
    """How much of all its responses' bodies a case may hold.

    Attributes:
        left: Bytes.
    """

    def __init__(self, size: int) -> None:
        """Begin with all of it, in bytes."""
        self.left = self._size = size

    @property
    def excess(self) -> str:
        """That the bodies are too much, as a sentence; "" if they aren't."""
        if self.left >= 0:
            return ""
        return f"the responses of this case exceeded {self._size / MIB:g} MiB in all and were not read further"


class PendingResponse:
    """A response that is still coming.

    Attributes:
        response: What has come so far.
        admitted_at: When the run's pace let the request go.
        max_body_bytes: After how many bytes it hangs up; None reads all.
        room: What it shares with the case's other responses; None for no bound.
    """

    admitted_at = 0.0
    max_body_bytes: int | None = None
    room: BodyRoom | None = None

    def __init__(
        self,
        connection: ClientConnection,
        response: Response,
        read_timeout_s: float,
        *,
        closes: bool,
        refused: Callable[[PendingResponse], Awaitable[ClientConnection | None]] | None = None,
    ) -> None:
        """Made by the target.

        Args:
            connection: The request was sent on it.
            response: Still empty.
            read_timeout_s: How long the target may be silent.
            closes: Whether the connection is closed when the response is there.
            refused: Called with each head; it returns None, or the connection on which it sent the request again.
        """
        self.response = response
        self._closes = closes
        self._refused = refused
        self._read_timeout_s = read_timeout_s
        self._read_from(connection)

    def _read_from(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._events_read = self._bytes_read = 0
        self._measure = StreamMeasure()
        self._chunks = connection.chunks(self._read_timeout_s)

    @property
    def connection(self) -> ClientConnection:
        """What it is read from."""
        return self._connection

    @property
    def stream(self) -> Stream:
        """What has come so far, read as a stream."""
        assert isinstance(self.response, Stream)
        return self.response

    async def head(self) -> int | None:
        """Wait for the head; returns the status, or None if none came.

        Where the target refuses the request because of a rate limit of its own, it is sent again after a pause.

        Raises:
            Untestable: It is refused however long the pauses are.
        """
        status = await self._head()
        while status is not None and self._refused and (connection := await self._refused(self)):
            self._read_from(connection)
            status = await self._head()
        return status

    async def _head(self) -> int | None:
        try:
            head = await self._connection.head(self._read_timeout_s)
        except Broken as broken:
            self._end(broken)
            return None
        response = self.response
        response.status, response.headers, response.head_at_ns = head.status, head.headers, head.at_ns
        response.version = head.version
        return head.status

    async def event(self) -> TimedEvent | None:
        """Wait for the next data event; None if the response ended first."""
        while True:
            self._events_read, timed = self.stream.event_from(self._events_read)
            if timed is not None or not await self._read():
                return timed

    async def rest(self) -> Response:
        """Read to the end."""
        while await self._read():
            pass
        return self.response

    async def _read(self) -> bool:
        if not self.response.head_at_ns:
            await self.head()  # it may be a refusal, after which the request is sent again
        if self.response.ended_at_ns:
            return False
        try:
            at_ns, data = await anext(self._chunks)
        except StopAsyncIteration:
            self._end(None)
            return False
        except Broken as broken:
            self._end(broken)
            return False
        self.response.chunks.append((at_ns, data))
        self._bytes_read += len(data)
        if isinstance(self.response, Stream) and (excess := self._measure.excess(data)):
            self._connection.give_up(excess)
        self._take_room(len(data))
        if self.max_body_bytes is not None and self._bytes_read > self.max_body_bytes:
            self.hang_up()
            return False
        return True

    def _end(self, broken: Broken | None) -> None:
        response = self.response
        response.ended = broken.ended if broken else "complete"
        response.detail = str(broken) if broken else ""
        response.ended_at_ns = time.monotonic_ns()
        if response.ended == "too-large":
            whole = len(response.body)
            response.chunks = _beginning(response.chunks)
            self._take_room(len(response.body) - whole)

    def _take_room(self, size: int) -> None:
        """Take bytes of the room that the case has, or give them back where their number is negative."""
        if self.room is None:
            return
        self.room.left -= size
        if size > 0 and self.room.excess:
            self._connection.give_up(self.room.excess)

    def hang_up(self) -> int:
        """Leave: close the connection at once. Returns when, CLOCK_MONOTONIC ns."""
        at_ns = time.monotonic_ns()
        if not self.response.ended_at_ns:
            self.response.ended, self.response.ended_at_ns = "left", at_ns
        self._connection.abort()
        return at_ns

    async def __aenter__(self) -> Self:
        """Use as a context manager; leaving it hangs up on what hasn't ended."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up on what hasn't ended; a response that has gives its connection back."""
        if self.response.ended != "complete":
            self.hang_up()
        elif self._closes:
            self._connection.close()


def _beginning(chunks: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    ends = itertools.accumulate(len(data) for _, data in chunks)
    return [chunk for chunk, end in zip(chunks, ends, strict=True) if end <= KEPT_BYTES]
