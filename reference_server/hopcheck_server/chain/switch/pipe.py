"""The line itself: a TCP port that is the backend's while the switch is on. Bytes pass unread."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Self, cast

from hopcheck_server.chain.switch.control import PATH, answer
from hopcheck_server.wire.closing import Closing
from hopcheck_server.wire.server import Server, ServerExchange

HOST = "127.0.0.1"


class Switch(Closing):
    """Listens for a backend, and passes everything on to it, until it is turned off.

    Off means that the port is closed, as it is when the backend's process has gone, and that what was open is reset.

    Args:
        host: Where the backend is.
        port: The same.

    Attributes:
        up: Whether it is on.
    """

    def __init__(self, host: str, port: int) -> None:
        self.up = False
        self._backend = host, port
        self._port = 0
        self._control = Server(self._handle)
        self._listening: asyncio.Server | None = None
        self._turning = asyncio.Lock()
        self._ends: set[asyncio.Transport] = set()

    async def start(self, port: int = 0, control_port: int = 0) -> Self:
        """Listen on both ports; 0 takes a free one. Raises OSError."""
        self._port = port
        await self.turn(up=True)
        await self._control.start(HOST, control_port)
        return self

    @property
    def url(self) -> str:
        """Where the proxy is to look for its backend."""
        return f"http://{HOST}:{self._port}"

    @property
    def control_url(self) -> str:
        """Where the switch is turned."""
        return f"http://{HOST}:{self._control.port}{PATH}"

    async def turn(self, *, up: bool) -> None:
        """Turn it on or off; returns when it is done."""
        async with self._turning:
            self.up = up
            if up and self._listening is None:
                loop = asyncio.get_running_loop()
                self._listening = await loop.create_server(self._accepted, HOST, self._port)
                self._port = self._listening.sockets[0].getsockname()[1]
            elif not up and self._listening is not None:
                await _close(self._listening)
                self._listening = None
                for end in list(self._ends):
                    _reset(end)

    def _accepted(self) -> _Front:
        return _Front(self._ends, self._backend, lambda: self.up)

    async def _handle(self, exchange: ServerExchange) -> None:
        if exchange.target == PATH:
            await answer(self, exchange)
        else:
            await exchange.start(404, [("Content-Length", "0")], "length")

    async def aclose(self) -> None:
        """Stop listening, and end what is open."""
        await self.turn(up=False)
        await self._control.aclose()


async def _close(listening: asyncio.Server) -> None:
    """Stop listening; asyncio would forget a connection that it has accepted and not yet made, and leave it open."""
    for line in listening.sockets:
        asyncio.get_running_loop().remove_reader(line.fileno())
    for _ in range(2):  # the loop's turns between the two
        await asyncio.sleep(0)
    listening.close()


def _reset(transport: asyncio.Transport) -> None:
    """Drop a connection with a reset, and not with the end that a whole answer has."""
    line = transport.get_extra_info("socket")
    if line is not None and not transport.is_closing():
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _End(asyncio.Protocol):
    """One end of a connection through the switch; what it reads, the other end writes."""

    def __init__(self, ends: set[asyncio.Transport]) -> None:
        self._ends = ends
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._ends.add(self.transport)

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        if self.other is not None and self.other.transport is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        assert self.transport is not None
        self._ends.discard(self.transport)
        if self.other is not None and self.other.transport is not None:
            # A reset is passed on as one: half an answer must not look like a whole one.
            _reset(self.other.transport) if error else self.other.transport.close()


class _Front(_End):
    """The proxy's end; it is read when the backend's is there."""

    def __init__(self, ends: set[asyncio.Transport], backend: tuple[str, int], is_up: Callable[[], bool]) -> None:
        super().__init__(ends)
        self._backend = backend
        self._is_up = is_up

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        if not self._is_up():  # it was turned off while the connection was being made
            _reset(self.transport)
            return
        self.transport.pause_reading()
        self._connecting = asyncio.ensure_future(self._connect(self.transport))

    async def _connect(self, front: asyncio.Transport) -> None:
        back = _End(self._ends)
        back.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: back, *self._backend)
        except OSError:
            _reset(front)
            return
        self.other = back
        if front.is_closing() and back.transport is not None:
            back.transport.abort()
        else:
            front.resume_reading()
