"""A TCP pipe: a port whose connections are passed on to a backend, byte for byte.

An observer sees what either side does, and when. A gate closes the port and resets what is open, as the kernel does
when a backend's process has gone, and opens it again. Bytes are not parsed, joined, split or held back.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import Literal, NamedTuple, Self, cast

from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import BACKLOG
from hopcheck_server.wire.sockets import reset
from hopcheck_server.wire.tasks import Closing

Side = Literal["client", "server"]
Action = Literal["data", "end", "reset"]


class PipeEvent(NamedTuple):
    """Something that one side of a connection did.

    Attributes:
        at_ns: When it was read, CLOCK_MONOTONIC.
        side: The side that did it.
        action: It sent `data`, ended its direction (`end`, a FIN), or broke the connection (`reset`).
        data: The bytes.
    """

    at_ns: int
    side: Side
    action: Action
    data: bytes = b""


Observer = Callable[[PipeEvent], None]


class Pipe(Closing):
    """Listens for a backend, and connects each client to it.

    Args:
        backend: Where the bytes go.
        observe: Makes an observer for a new connection.
        edit_request: Rewrites bytes of the client before they are passed on; the observer sees the original.

    Attributes:
        is_open: Whether the port is open.
    """

    def __init__(
        self,
        backend: Origin,
        *,
        observe: Callable[[], Observer] = lambda: lambda _event: None,
        edit_request: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.is_open = False
        self.backend = backend
        self.edit_request = edit_request
        self.transports: set[asyncio.Transport] = set()
        self._observe = observe
        self._address = "127.0.0.1", 0
        self._listener: asyncio.Server | None = None
        self._moving_gate = asyncio.Lock()
        self._connecting: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Open the port; 0 takes a free one. Raises OSError if it is taken."""
        self._address = host, port
        await self.open()
        return self

    @property
    def port(self) -> int:
        """The port, also while it is closed."""
        return self._address[1]

    async def open(self) -> None:
        """Accept connections, on the same port as before. Raises OSError."""
        async with self._moving_gate:
            self.is_open = True
            if self._listener is None:
                loop = asyncio.get_running_loop()
                self._listener = await loop.create_server(self._accept, *self._address, backlog=BACKLOG)
                self._address = self._address[0], self._listener.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Refuse connections, and reset those that are open; returns when that is done."""
        async with self._moving_gate:
            self.is_open = False
            await self._stop_listening()
            for transport in tuple(self.transports):
                reset(transport)

    async def aclose(self) -> None:
        """Stop listening, and end what is open in order."""
        self.is_open = False
        await self._stop_listening()
        for transport in tuple(self.transports):
            transport.close()
        for task in tuple(self._connecting):
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)

    async def _stop_listening(self) -> None:
        """Close the port, and wait until what asyncio has accepted is a connection; it would leave the rest open."""
        if self._listener is None:
            return
        for listening in self._listener.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
        for _ in range(2):  # the turns of the loop between accepting a connection and making it
            await asyncio.sleep(0)
        self._listener.close()
        self._listener = None

    def _accept(self) -> _ClientEnd:
        return _ClientEnd(self, self._observe())

    def connect(self, client: _ClientEnd) -> None:
        """Begin to connect a client to the backend."""
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: _ClientEnd) -> None:
        server = _End("server", self, client.observer)
        server.other = client
        tls = ssl.create_default_context() if self.backend.scheme == "https" else None
        try:
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: server, self.backend.host, self.backend.port, ssl=tls)
        except OSError:
            server.note_end("reset")
            client.let_go("reset")
            return
        client.join(server)


class _End(asyncio.Protocol):
    """One end of a connection; what it reads, the other end writes."""

    def __init__(self, side: Side, pipe: Pipe, observer: Observer) -> None:
        self.side: Side = side
        self.pipe = pipe
        self.observer = observer
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None
        self.has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.pipe.transports.add(self.transport)

    def data_received(self, data: bytes) -> None:
        self.observer(PipeEvent(time.monotonic_ns(), self.side, "data", data))
        self.pass_on(data)

    def pass_on(self, data: bytes) -> None:
        """Let the other end write."""
        if (receiver := self._receiver()) is not None:
            receiver.write(data)

    def pause_writing(self) -> None:
        if (sender := self._receiver()) is not None:
            sender.pause_reading()

    def resume_writing(self) -> None:
        if (sender := self._receiver()) is not None:
            sender.resume_reading()

    def eof_received(self) -> bool:
        """Pass on the FIN. The other direction stays open until it ends, too."""
        self.note_end("end")
        return self.pass_on_end()

    def pass_on_end(self) -> bool:
        """End what the other end writes; whether this end stays open."""
        receiver = self._receiver()
        if receiver is None or self.other is None or self.other.has_ended or not receiver.can_write_eof():
            return False
        receiver.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Let the other side see what this one did: half a response must not look like a whole one."""
        self.note_end("reset" if isinstance(error, ConnectionError) else "end")
        if self.transport is not None:
            self.pipe.transports.discard(self.transport)
        if self.other is not None:
            self.other.let_go("end" if error is None else "reset")

    def let_go(self, action: Action) -> None:
        """End this end because of the other one; the observer is not shown that."""
        if self.transport is not None and not self.transport.is_closing():
            self.has_ended = True
            self.transport.close() if action == "end" else reset(self.transport)

    def note_end(self, action: Action) -> None:
        """Show the observer how this side ended, once."""
        if not self.has_ended:
            self.has_ended = True
            self.observer(PipeEvent(time.monotonic_ns(), self.side, action))

    def _receiver(self) -> asyncio.Transport | None:
        """The other end's transport, as long as it can be used."""
        transport = self.other.transport if self.other is not None else None
        return None if transport is None or transport.is_closing() else transport


class _ClientEnd(_End):
    """The client's end. What it sends before the backend is connected is kept for it."""

    def __init__(self, pipe: Pipe, observer: Observer) -> None:
        super().__init__("client", pipe, observer)
        self._early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.pipe.is_open:
            self.pipe.connect(self)
        else:  # the gate was closed while the connection was being made
            self.let_go("reset")

    def pass_on(self, data: bytes) -> None:
        edit = self.pipe.edit_request
        data = edit(data) if edit is not None else data
        if self.other is None:
            self._early += data
        else:
            super().pass_on(data)

    def pass_on_end(self) -> bool:
        return self.other is None or super().pass_on_end()

    def join(self, server: _End) -> None:
        """Hand what was kept to the backend, which is connected now."""
        self.other = server
        assert self.transport is not None
        if self.transport.is_closing():
            server.let_go("end" if self.pipe.is_open else "reset")
            return
        if self._early:
            super().pass_on(bytes(self._early))
        if self.has_ended and not super().pass_on_end():
            self.transport.close()
