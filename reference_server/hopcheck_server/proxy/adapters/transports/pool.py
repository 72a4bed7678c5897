"""The connections to one upstream: a limited number at the same time, idle ones used again for a while."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque

from hopcheck_server.proxy.adapters.transports.base import KEEPALIVE_S, PoolExhausted, TransportLimits, Unreachable
from hopcheck_server.proxy.adapters.transports.connection import UpstreamConnection
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.responses import ConnectFailed


class ConnectionPool:
    """Hands out connections, the one that was used last first; who comes first is served first.

    Args:
        origin: The server.
        limits: How many connections, and how long to wait for one.
    """

    def __init__(self, origin: Origin, limits: TransportLimits) -> None:
        self._origin = origin
        self._limits = limits
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None
        self._free = limits.connections
        self._idle: deque[UpstreamConnection] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sweep: asyncio.TimerHandle | None = None

    async def take(self) -> UpstreamConnection:
        """Take an idle connection, or make one; `give` must follow.

        Raises:
            Unreachable: The server can't be reached.
            PoolExhausted: There was none in time.
        """
        await self._permit()
        try:
            return self._take_idle() or await self._connect()
        except BaseException:
            self._release()
            raise

    async def _permit(self) -> None:
        """Count one connection more, or wait until another one is given back."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._limits.connect_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._release()
            if isinstance(error, TimeoutError):
                raise PoolExhausted from None
            raise

    def _release(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _take_idle(self) -> UpstreamConnection | None:
        oldest = asyncio.get_running_loop().time() - KEEPALIVE_S
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable and connection.idle_since > oldest:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> UpstreamConnection:
        origin = self._origin
        try:
            return await UpstreamConnection.open(
                origin.host, origin.port, tls=self._tls, timeout_s=self._limits.connect_s
            )
        except ConnectFailed:
            raise Unreachable from None

    def give(self, connection: UpstreamConnection) -> None:
        """Give a connection back; one whose response isn't complete is closed at once."""
        if connection.reusable:
            loop = asyncio.get_running_loop()
            connection.idle_since = loop.time()
            self._idle.append(connection)
            if self._sweep is None:
                self._sweep = loop.call_later(KEEPALIVE_S, self._close_old)
        else:
            connection.abort()
        self._release()

    def _close_old(self) -> None:
        """Close what has been idle for too long; the longest idle come first."""
        loop = asyncio.get_running_loop()
        while self._idle and self._idle[0].idle_since <= loop.time() - KEEPALIVE_S:
            self._idle.popleft().abort()
        self._sweep = loop.call_later(KEEPALIVE_S, self._close_old) if self._idle else None

    def close(self) -> None:
        """Close the idle connections."""
        if self._sweep is not None:
            self._sweep.cancel()
        while self._idle:
            self._idle.pop().abort()
