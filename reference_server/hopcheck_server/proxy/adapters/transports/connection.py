"""One connection to the upstream: the wire's client connection, read in bounded memory."""

from __future__ import annotations

from hopcheck_server.proxy.adapters.transports.base import BrokenOff, TimedOut, TransportError
from hopcheck_server.wire.client import Broken, ClientConnection

MAX_WAITING_BYTES = 128 * 1024
"""What may wait here for a slow client, per stream, before the upstream is read no further."""


class UpstreamConnection(ClientConnection):
    """A connection that stops reading while nobody takes what came.

    Attributes:
        idle_since: When it was given back to its pool, by the loop's clock.
    """

    idle_since = 0.0

    def __init__(self) -> None:
        """Made by `open`."""
        super().__init__()
        self._waiting_bytes = 0
        self._is_paused = False

    @property
    def reusable(self) -> bool:
        """Whether the next request may be sent: the last response must have been read to its end."""
        return super().reusable and not self._waiting_bytes

    def on_body(self, data: bytes) -> None:
        """Keep body bytes, and pause the connection where many wait."""
        super().on_body(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > MAX_WAITING_BYTES and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def take_body(self) -> bytes:
        """Return the body bytes that wait, and read on."""
        body = self._current().body
        taken = body.popleft()[1] if len(body) == 1 else b"".join([data for _, data in body])
        body.clear()
        self._waiting_bytes = 0
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
            try:
                await self._more(answer, limit_s)
            except Broken as error:
                raise _failure(error) from None
        return self.take_body()


def _failure(error: Broken) -> TransportError:
    return TimedOut() if error.ended == "timeout" else BrokenOff()
