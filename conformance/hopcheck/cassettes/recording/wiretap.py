"""A recording pipe with its readers, which returns the exchanges that have passed since the last call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hopcheck.cassettes.recording.exchanges import ConnectionReader, RecordedExchange
from hopcheck.cassettes.recording.pipe import RecordingPipe
from hopcheck_server.wire.pool import Origin

_LOOK_S = 0.05


class Wiretap:
    """Reads the exchanges that pass between a client and a server.

    Attributes:
        pipe: Passes the bytes on and records them.
    """

    def __init__(self, pipe: RecordingPipe) -> None:
        self.pipe = pipe
        self._readers: list[ConnectionReader] = []
        pipe.read = self._read

    def _read(self) -> None:
        self._readers += [ConnectionReader() for _ in self.pipe.connections[len(self._readers) :]]
        for log, reader in zip(self.pipe.connections, self._readers, strict=True):
            events = log[:]
            log.clear()
            for event in events:
                reader.feed(event)

    async def settled(self, timeout_s: float) -> bool:
        """Wait until every exchange has ended; false if one is still open after that time."""
        for _ in range(max(1, round(timeout_s / _LOOK_S))):
            self._read()
            if all(one.ended is not None for reader in self._readers for one in reader.exchanges):
                return True
            await asyncio.sleep(_LOOK_S)  # an event for each read would slow the pipe whose delays are recorded
        return False

    def take(self) -> list[RecordedExchange]:
        """Return the exchanges since the last call, open ones included."""
        self._read()
        taken = [one for reader in self._readers for one in reader.exchanges]
        for reader in self._readers:
            reader.exchanges.clear()
        return sorted(taken, key=lambda one: one.began_ns)


@asynccontextmanager
async def tapped(url: str, port: int = 0, host: str = "127.0.0.1", *, as_host: bool = False) -> AsyncIterator[Wiretap]:
    """Listen in front of a server while the context lasts.

    Args:
        url: The server's address.
        port: Where to listen; 0 takes a free port.
        host: The address to listen on.
        as_host: Whether requests name the server in their Host field, and not us.

    Raises:
        OSError: The port is taken.
        ValueError: That is no URL.
    """
    async with await RecordingPipe(Origin.of(url), as_host=as_host).start(port, host) as pipe:
        yield Wiretap(pipe)
