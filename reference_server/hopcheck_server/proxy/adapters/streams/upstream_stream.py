"""Reads one upstream stream: waits for its first event, passes the rest on, and always ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hopcheck_server.proxy.adapters.streams.stream_relay import StreamRelay
from hopcheck_server.proxy.adapters.transports.base import TimedOut, TransportError, UpstreamResponse
from hopcheck_server.proxy.adapters.upstream_errors import transport_failure
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.memory.budget import held_now
from hopcheck_server.proxy.telemetry.kinds import kind_of
from hopcheck_server.proxy.telemetry.notes import Waiting, current_notes

# After the terminator only the end of the body is missing; when that has been read, the connection can be reused.
DRAIN_S = 0.5
DRAIN_BYTES = 65_536

# When a response has finished, only usage and the terminator can follow; some servers send neither, and stay.
FINISHED_S = 5.0


class UpstreamStream:
    """The events of one response.

    Args:
        response: Has status 200, and its body is unread.
        relay: Decides what is sent to the client.
        first_s: Seconds to the first event.
        idle_s: Seconds between two reads after it.
    """

    def __init__(self, response: UpstreamResponse, relay: StreamRelay, first_s: float, idle_s: float) -> None:
        self._response = response
        self._relay = relay
        self._first_s = first_s
        self._idle_s = idle_s
        self._first = b""
        self._waiting_bytes = 0

    async def open(self) -> None:
        """Wait for the first event, while an error can still have a real status.

        Raises:
            ProxyError: The stream begins with an error, or ends before its first event.
        """
        with Waiting():
            while not (self._relay.begun or self._relay.ended):
                self._first += await self._read(self._first_s)
        if self._relay.fault is not None and not self._relay.begun:
            raise self._relay.fault

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield events in blocks to be flushed; an error after the first event is the last block."""
        out = self._first
        while True:
            if out:
                yield out
            if self._relay.ended:
                break
            out = await self._read(min(self._idle_s, FINISHED_S) if self._relay.finished else self._idle_s)
        if self._relay.fault is not None:
            current_notes().error = kind_of(self._relay.fault)
            yield self._relay.in_band(self._relay.fault)

    async def _read(self, limit_s: float) -> bytes:
        try:
            chunk = await self._response.read(limit_s)
        except TimedOut:
            return self._silence(limit_s)
        except TransportError as error:
            self._relay.fail(transport_failure(error, limit_s))
            return b""
        out = self._relay.feed(chunk) if chunk else self._relay.end()
        if self._waiting_bytes != self._relay.waiting_bytes:
            await self._hold_waiting()
        return out

    async def _hold_waiting(self) -> None:
        """Hold what has come of an event that isn't complete, which may be large."""
        more, self._waiting_bytes = self._relay.waiting_bytes - self._waiting_bytes, self._relay.waiting_bytes
        try:
            await held_now().take(more) if more > 0 else held_now().free(-more)
        except ProxyError as error:
            self._relay.fail(error)

    def _silence(self, waited_s: float) -> bytes:
        if self._relay.finished:
            return self._relay.end()
        self._relay.fail(transport_failure(TimedOut(), waited_s))
        return b""

    async def aclose(self) -> None:
        """Release the upstream: at once, or after a complete stream in a way that keeps the connection usable."""
        try:
            if self._relay.done:
                await self._drain()
        finally:
            await self._response.aclose()

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError, TransportError):
            async with asyncio.timeout(DRAIN_S):
                size = 0
                while size <= DRAIN_BYTES and (chunk := await self._response.read(DRAIN_S)):
                    size += len(chunk)
