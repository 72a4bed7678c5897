"""Drives one upstream stream: waits for its first event, hands on the rest, and is sure to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hopcheck_server.proxy.adapters.streams.event_relay import EventRelay
from hopcheck_server.proxy.adapters.transport import TimedOut, TransportError, UpstreamResponse
from hopcheck_server.proxy.adapters.upstream_errors import transport_failure
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.telemetry.kinds import kind_of
from hopcheck_server.proxy.telemetry.notes import Waiting, current_notes

# After [DONE] only the end of the body is outstanding; whoever has read it may use the connection again.
DRAIN_S = 0.5
DRAIN_BYTES = 65_536

# When every choice has finished, a usage chunk and [DONE] are all that can come; some servers send neither and stay.
FINISHED_S = 5.0


class UpstreamStream:
    """The events of one reply.

    Args:
        reply: status 200, body not read yet.
        relay: decides what of it is sent.
        first_s: seconds to the first event.
        idle_s: seconds between two reads after it.
    """

    def __init__(self, reply: UpstreamResponse, relay: EventRelay, first_s: float, idle_s: float) -> None:
        self._reply = reply
        self._relay = relay
        self._first_s = first_s
        self._idle_s = idle_s
        self._chunks = reply.chunks()
        self._first = b""

    async def open(self) -> None:
        """Wait for the first event, while an error can still be told with a real status.

        Raises:
            ProxyError: the stream begins with an error, or ends before it begins.
        """
        with Waiting():
            while not (self._relay.begun or self._relay.ended):
                self._first += await self._read(self._first_s)
        if self._relay.fault is not None and not self._relay.begun:
            raise self._relay.fault

    async def blocks(self) -> AsyncIterator[bytes]:
        """The events, as pieces to be flushed; an error after the first one is the last."""
        out = self._first
        while True:
            if out:
                yield out
            if self._relay.ended:
                break
            out = await self._read(min(self._idle_s, FINISHED_S) if self._relay.finished else self._idle_s)
        if self._relay.fault is not None:
            current_notes().error = kind_of(self._relay.fault)
            yield in_band(self._relay.fault)

    async def _read(self, limit_s: float) -> bytes:
        try:
            async with asyncio.timeout(limit_s):
                chunk = await anext(self._chunks, None)
        except TimeoutError:
            return self._silence(limit_s)
        except TransportError as error:
            self._relay.fail(transport_failure(error, limit_s))
            return b""
        return self._relay.end() if chunk is None else self._relay.feed(chunk)

    def _silence(self, waited_s: float) -> bytes:
        if self._relay.finished:
            return self._relay.end()
        self._relay.fail(transport_failure(TimedOut(), waited_s))
        return b""

    async def aclose(self) -> None:
        """Let go of the upstream: at once, or, after a complete stream, in a way that keeps the connection usable."""
        try:
            if self._relay.done:
                await self._drain()
        finally:
            await self._reply.aclose()

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError, TransportError):
            async with asyncio.timeout(DRAIN_S):
                size = 0
                async for chunk in self._chunks:
                    size += len(chunk)
                    if size > DRAIN_BYTES:
                        return


def in_band(error: ProxyError) -> bytes:
    """An error as a stream's last event. No `[DONE]` follows: that would say that the answer is complete."""
    return b"data: " + error.encode() + b"\n\n"
