"""One connection to the upstream: reads requests, answers them in order, and notices when the peer leaves.

Knows HTTP/1.1; what is answered is its host's affair, when and how its player's.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from ipaddress import ip_address
from time import monotonic_ns
from typing import Protocol, cast

import httptools

from hopcheck_server.upstream.answer import Answer, date_line, head
from hopcheck_server.upstream.journal import Attempt, Ending, Journal
from hopcheck_server.upstream.player import Exchange, Player

MAX_BODY = 64 * 1024 * 1024
"""Of a request, in bytes."""

MAX_WAITING = 64
"""How many pipelined requests may wait for their turn before the connection is read no further."""

BUFFER = 64 * 1024
"""How many bytes may wait for a slow reader before the player pauses. It goes on when all have left."""

RESET_AFTER_S = 0.02
"""A reset makes a peer drop what it hasn't read yet; in this time it can read what was sent before."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_KEEP = b"content-length: %d\r\nconnection: keep-alive\r\n\r\n%b"


class Host(Protocol):
    """What stands behind the connections."""

    journal: Journal
    connections: set[Connection]

    def left(self, connection: Connection) -> None:
        """Note that a connection is gone."""

    def number(self) -> int:
        """The next connection's number."""

    def exchange(self, attempt: Attempt, *, keep_alive: bool, http10: bool) -> Exchange:
        """Put an attempt into the journal and decide what it is answered."""

    def control(self, connection: Connection, attempt: Attempt) -> asyncio.Task[Answer] | None:
        """Begin to answer a control request; None if it isn't one."""


class Connection(asyncio.Protocol):
    """A connection from a proxy under test, or from a controller."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._number = host.number()
        self._parser = httptools.HttpRequestParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._url = b""
        self._waiting: deque[Exchange] = deque()
        self._player: Player | None = None
        self._task: asyncio.Task[Answer] | None = None
        self._closing = False
        self.writable = True

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFER, low=0)
        self._set_option(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Read bytes of requests."""
        if self._closing:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # an offer, which is declined by answering as usual
            self._parser = httptools.HttpRequestParser(self)
            if rest := data[upgrade.args[0] :]:
                self.data_received(rest)
        except httptools.HttpParserCallbackError:  # the mistake is ours: let the loop report it
            raise
        except httptools.HttpParserError:
            self._refuse(400)

    def eof_received(self) -> bool:
        """The peer has left."""
        self._abandon("hung-up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._closing = True
        self._abandon("hung-up")
        self._host.left(self)

    def pause_writing(self) -> None:
        """The peer reads more slowly than the player writes."""
        self.writable = False

    def resume_writing(self) -> None:
        """All has left."""
        self.writable = True
        if self._player:
            self._player.step()

    # The parser's side.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Say that a body may come, if that is asked."""
        for name, value in self._headers:
            if len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue" and self._idle:
                self.transport.write(_CONTINUE)

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._size += len(data)
        if self._size <= MAX_BODY:
            self._body.append(data)
        else:
            self._body.clear()
            self._refuse(413)

    def on_message_complete(self) -> None:
        """Answer the request, when its turn comes."""
        if self._closing:
            return
        parser, body = self._parser, self._body
        attempt = Attempt(
            "", "", 1, "",
            parser.get_method().decode(),
            self._url.decode("latin-1"),
            [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers],
            body[0] if len(body) == 1 else b"".join(body),
            self._number,
            monotonic_ns(),
        )  # fmt: skip
        self._url, self._headers, self._body, self._size = b"", [], [], 0
        task = self._host.control(self, attempt)
        if task:
            self._task = task
            task.add_done_callback(self._controlled)
            return
        http10 = parser.get_http_version() == "1.0"
        self._take(self._host.exchange(attempt, keep_alive=parser.should_keep_alive(), http10=http10))

    # Answers.

    @property
    def _idle(self) -> bool:
        return self._player is None and not self._waiting

    def _take(self, exchange: Exchange) -> None:
        if self._idle:
            self._play(exchange)
            return
        self._waiting.append(exchange)
        if len(self._waiting) == MAX_WAITING:
            self.transport.pause_reading()

    def _play(self, exchange: Exchange) -> None:
        answer = exchange.answer
        if answer.plain and exchange.keep_alive and len(answer.pieces[0]) < BUFFER:
            self._write_plain(exchange.attempt, answer)
            return
        self._player = Player(exchange, self)
        self._player.step()

    def _write_plain(self, attempt: Attempt, answer: Answer) -> None:
        """The short way for an answer that just leaves: one write, no player."""
        body = answer.pieces[0]
        now = monotonic_ns()
        self.transport.write(answer.head + date_line() + _KEEP % (len(body), body))
        attempt.head_sent_ns = now
        attempt.sent.append((now, len(body)))
        self._host.journal.end(attempt, "answered", now)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.transport.write(data)

    def cut(self, *, reset: bool) -> None:
        """End the connection here, after what was written."""
        self._closing = True
        self._end("cut")
        if reset:
            asyncio.get_running_loop().call_later(RESET_AFTER_S, self._reset)
        else:
            self.transport.close()

    def played(self, ending: Ending, *, close: bool) -> None:
        """The answer has ended: go on with the next request."""
        self._end(ending)
        if close:
            self._closing = True
            self._abandon("cut")
            self.transport.close()
        elif self._waiting:
            # Not from here, or a thousand pipelined requests would be a thousand frames deep.
            asyncio.get_running_loop().call_soon(self._play_next)

    def release(self) -> None:
        """Let go of the answer that is going on: the connection ends."""
        self._abandon("released")
        self._closing = True
        self.transport.abort()

    def plays(self, marker: str) -> bool:
        """Whether an attempt of that marker is being answered here, or waits for it."""
        going_on = [exchange.attempt for exchange in self._waiting]
        if self._player:
            going_on.append(self._player.attempt)
        return any(attempt.marker == marker for attempt in going_on)

    @property
    def is_local(self) -> bool:
        """Whether the peer is on this host."""
        peer = self.transport.get_extra_info("peername")
        return bool(peer) and ip_address(peer[0].partition("%")[0]).is_loopback

    def _play_next(self) -> None:
        while self._waiting and self._player is None and not self._closing:
            exchange = self._waiting.popleft()
            self.transport.resume_reading()
            self._play(exchange)

    def _end(self, ending: Ending) -> None:
        if self._player:
            self._host.journal.end(self._player.attempt, ending, monotonic_ns())
            self._player = None

    def _abandon(self, ending: Ending) -> None:
        """End everything that goes on here."""
        if self._task:
            self._task.cancel()
        if self._player:
            self._player.stop()
            self._end(ending)
        while self._waiting:
            self._host.journal.end(self._waiting.popleft().attempt, ending, monotonic_ns())

    def _refuse(self, status: int) -> None:
        """Answer what is no request, or too large a one; if another is being answered, there is no room for that."""
        self._closing = True
        if self._idle:
            self.transport.write(head(status, ()) + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self._abandon("cut")
        self.transport.close()

    def _controlled(self, task: asyncio.Task[Answer]) -> None:
        self._task = None
        if task.cancelled() or self._closing:
            return
        answer = task.result()
        body = answer.pieces[0]
        self.transport.write(answer.head + _KEEP % (len(body), body))

    def _reset(self) -> None:
        self._set_option(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _set_option(self, level: int, option: int, value: int | bytes) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(level, option, value)
