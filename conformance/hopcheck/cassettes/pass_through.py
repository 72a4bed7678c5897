"""A wire that remembers: between a client and a server, bytes are passed on as they come, and noted with their times.

Nothing is parsed, joined, split or held back here, so the only cost is a copy; `hopcheck.cassettes.exchanges` reads what
was noted afterwards.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
import time
from typing import Literal, NamedTuple, Self, cast

from hopcheck_server.wire.closing import Closing
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.server import BACKLOG

Side = Literal["client", "server"]
_REQUEST = re.compile(rb"[A-Z]+ [^\r\n]+ HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"(?i)(\r\nhost:[ \t]*)[^\r\n]*")
_NO_LINGER = struct.pack("ii", 1, 0)  # closing then sends a reset


class Event(NamedTuple):
    """Something that one side did.

    Attributes:
        at_ns: When it was read, CLOCK_MONOTONIC.
        side: Whose doing it is.
        what: It sent `data`; it ended its side (`end`, FIN); it broke the connection (`reset`).
        data: The bytes.
    """

    at_ns: int
    side: Side
    what: Literal["data", "end", "reset"]
    data: bytes = b""


class _End(asyncio.Protocol):
    """One end of a connection through the tee."""

    def __init__(self, side: Side, log: list[Event]) -> None:
        self.side: Side = side
        self.log = log
        self.transport: asyncio.Transport | None = None
        self.peer: _End | None = None
        self.ended = False
        self.early = bytearray()  # what came before there was a peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.log.append(Event(time.monotonic_ns(), self.side, "data", data))
        self.pass_on(data)

    def pass_on(self, data: bytes) -> None:
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.write(data)
        else:
            self.early += data

    def pause_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None and not self.peer.transport.is_closing():
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.peer is not None and self.peer.transport is not None and not self.peer.transport.is_closing():
            self.peer.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass on the FIN; the other direction stays open until it ends, too."""
        self._note("end")
        peer = self.peer
        if peer is None or peer.transport is None or peer.ended:
            return False
        if not peer.transport.is_closing():
            peer.transport.write_eof()
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Let the other side see what this one did."""
        self._note("reset" if isinstance(error, ConnectionError) else "end")
        peer = self.peer
        if peer is None or peer.transport is None or peer.transport.is_closing():
            return
        peer.ended = True  # what follows is our doing, not that side's
        if error is not None:
            _reset(peer.transport)
        else:
            peer.transport.close()

    def _note(self, what: Literal["end", "reset"]) -> None:
        if not self.ended:
            self.ended = True
            self.log.append(Event(time.monotonic_ns(), self.side, what))


def _reset(transport: asyncio.Transport) -> None:
    own = transport.get_extra_info("socket")
    if own is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


class Tee(Closing):
    """Listens on loopback, and connects each client to the server.

    Attributes:
        connections: What was noted, a list a connection, in the order of their beginning.
        server: Where bytes are passed on to.
        host: What requests name in their Host field; empty leaves it as it is.
    """

    def __init__(self, server: Origin, *, as_host: bool = False) -> None:
        """Does not listen yet; `as_host` writes the server's name into the Host field of requests."""
        self.connections: list[list[Event]] = []
        self.server = server
        self.host = server.authority.encode() if as_host else b""
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> Self:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: The port is taken.
        """
        self._server = await asyncio.get_running_loop().create_server(self._accepted, host, port, backlog=BACKLOG)
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def _accepted(self) -> _Client:
        log: list[Event] = []
        self.connections.append(log)
        return _Client(log, self)

    def connect(self, client: _Client) -> None:
        """Connect a client that has just come; what it sends until then is kept for it."""
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: _Client) -> None:
        assert client.transport is not None
        server = _End("server", client.log)
        self._ends.add(client)
        try:
            await self._open(server)
        except OSError:
            client.log.append(Event(time.monotonic_ns(), "server", "reset"))
            _reset(client.transport)
            return
        client.peer, server.peer = server, client
        assert server.transport is not None
        server.transport.write(bytes(client.early))
        if client.ended:
            server.transport.close()

    async def _open(self, server: _End) -> None:
        tls = ssl.create_default_context() if self.server.scheme == "https" else None
        await asyncio.get_running_loop().create_connection(lambda: server, self.server.host, self.server.port, ssl=tls)

    async def aclose(self) -> None:
        """Stop listening, and close what is open."""
        if self._server is not None:
            self._server.close()
        for client in self._ends:
            for end in (client, client.peer):
                if end is not None and end.transport is not None:
                    end.transport.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Client(_End):
    """The client's end: it brings the connection about."""

    def __init__(self, log: list[Event], tee: Tee) -> None:
        super().__init__("client", log)
        self._tee = tee

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._tee.connect(self)

    def pass_on(self, data: bytes) -> None:
        host = self._tee.host
        if host and _REQUEST.match(data):
            data = _HOST.sub(lambda match: match[1] + host, data, count=1)
        super().pass_on(data)
