"""One connection to the upstream: answers its requests in order, and notices when the peer leaves.

What is answered is its host's affair, when and how its player's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic_ns
from typing import Protocol, cast

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback import rendered as answers
from hopcheck_server.upstream.playback.clock import Clock
from hopcheck_server.upstream.playback.player import Exchange, Player
from hopcheck_server.upstream.playback.rendered import RenderedResponse, date_line
from hopcheck_server.upstream.reader import Heads, RequestReader
from hopcheck_server.upstream.reading import Reading
from hopcheck_server.upstream.repeats import Repeats
from hopcheck_server.upstream.script.turns import Delivery, Turn
from hopcheck_server.wire import sockets

CONTROL = b"/_hopcheck/"
"""What the paths of control requests begin with."""

MAX_WAITING = 64
"""How many pipelined requests may wait for their turn before the connection is read no further."""

BUFFER = 64 * 1024
"""How many bytes may wait for a slow reader before the player pauses. It goes on when all have left."""

RESET_AFTER_S = 0.02
"""A reset makes a peer drop what it hasn't read yet; in this time it can read what was sent before."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_KEEP = b"%b%bcontent-length: %d\r\nconnection: keep-alive\r\n\r\n%b"


class Host(Protocol):
    """What stands behind the connections."""

    journal: Journal
    connections: set[Connection]
    heads: Heads
    repeats: Repeats
    clock: Clock

    def number(self) -> int:
        """The next connection's number."""

    def joined(self, connection: Connection) -> None:
        """Note that a connection was made."""

    def left(self, connection: Connection) -> None:
        """Note that a connection is gone."""

    def decide(self, arrival: Arrival) -> tuple[Turn, Reading]:
        """Put an attempt into the journal and decide what it is answered."""

    def answer(self, arrival: Arrival, turn: Turn, read: Reading) -> tuple[RenderedResponse, Delivery]:
        """Render what was decided."""

    def control(self, connection: Connection, arrival: Arrival) -> asyncio.Task[RenderedResponse]:
        """Begin to answer a control request."""


class Connection(RequestReader):
    """A connection from a proxy under test, or from a controller."""

    def __init__(self, host: Host) -> None:
        super().__init__(host.number(), host.heads)
        self._host = host
        self._journal = host.journal
        self._repeats = host.repeats
        self._waiting: deque[Exchange] = deque()
        self._player: Player | None = None
        self._task: asyncio.Task[RenderedResponse] | None = None
        self.writable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=BUFFER, low=0)
        sockets.send_at_once(self.transport)
        self._host.joined(self)

    def eof_received(self) -> bool:
        """The peer has left."""
        self._abandon("hung-up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.end()
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

    # Requests.

    def take_again(self, text: bytes, received_ns: int) -> bool:
        """Answer a request that came before, byte by byte."""
        repeat = self._repeats.recall(text)
        if repeat is None or self._player is not None or self._waiting:
            return False
        like, whole, journal = repeat.like, repeat.whole, self._journal
        message = whole.message(journal.next_number(like), received_ns)
        now = monotonic_ns()
        self.transport.write(message)
        journal.add_again(like, self.number, received_ns, now, whole.size)
        return True

    def take(self, arrival: Arrival, text: bytes) -> None:
        """Answer a request, when its turn comes."""
        head = arrival.head
        if head.url.startswith(CONTROL):
            self._task = self._host.control(self, arrival)
            self._task.add_done_callback(self._controlled)
            return
        turn, read = self._host.decide(arrival)
        at_once = head.keep_alive and self._player is None and not self._waiting
        whole = read.ask.kept
        if at_once and whole is not None and whole.turn is turn:
            message = whole.message(arrival.number, arrival.received_ns)
            self._write_whole(arrival, message, whole.size)
            self._repeats.learn(text, arrival, whole)
            return
        answer, wire = self._host.answer(arrival, turn, read)
        if at_once and answer.plain and len(body := answer.pieces[0]) < BUFFER:
            self._write_whole(arrival, _KEEP % (answer.head, date_line(), len(body), body), len(body))
            return
        self._waiting.append(Exchange(arrival, answer, wire))
        if len(self._waiting) == MAX_WAITING:
            self.transport.pause_reading()
        self._play_next()

    def expected(self) -> None:
        """Let the body come; while another answer is being written, it must come unasked."""
        if self._player is None and not self._waiting:
            self.transport.write(_CONTINUE)

    def refuse(self, status: int) -> None:
        """Answer what is no request, or too large a one; if another is being answered, there is no room for that."""
        self.closing = True
        if self._player is None and not self._waiting:
            self.transport.write(answers.head(status, ()) + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self._abandon("cut")
        self.transport.close()

    @property
    def is_local(self) -> bool:
        """Whether the peer is on this host."""
        return sockets.is_local(self.transport)

    # Answers.

    def _play_next(self) -> None:
        while self._waiting and self._player is None and not self.closing:
            exchange = self._waiting.popleft()
            if len(self._waiting) == MAX_WAITING - 1:
                self.transport.resume_reading()
            self._player = Player(exchange, self, self._host.clock)
            self._player.step()

    def _write_whole(self, arrival: Arrival, message: bytes, size: int) -> None:
        """The short way for an answer that just leaves, with a body of that size: one write, no player."""
        arrival.head_sent_ns = now = monotonic_ns()
        self.transport.write(message)
        arrival.sent = now, size
        self._host.journal.end(arrival, "answered", now)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.transport.write(data)

    def cut(self, *, reset: bool) -> None:
        """End the connection here, after what was written."""
        self.closing = True
        self._end("cut")
        if reset:
            asyncio.get_running_loop().call_later(RESET_AFTER_S, sockets.reset, self.transport)
        else:
            self.transport.close()

    def played(self, *, close: bool) -> None:
        """The answer has been sent: go on with the next request."""
        self._end("answered")
        if close:
            self.closing = True
            self._abandon("cut")
            self.transport.close()
        elif self._waiting:
            # Not from here, or a thousand pipelined requests would be a thousand frames deep.
            asyncio.get_running_loop().call_soon(self._play_next)

    def plays(self, marker: str) -> bool:
        """Whether an attempt of that marker is being answered here, or waits for it."""
        going_on = [exchange.arrival for exchange in self._waiting]
        if self._player:
            going_on.append(self._player.arrival)
        return any(arrival.marker == marker for arrival in going_on)

    def release(self) -> None:
        """Let go of the answer that is going on: the connection ends."""
        self._abandon("released")
        self.closing = True
        self.transport.abort()

    def _end(self, ending: Ending) -> None:
        if self._player:
            self._host.journal.end(self._player.arrival, ending, monotonic_ns())
            self._player = None

    def _abandon(self, ending: Ending) -> None:
        """End everything that goes on here."""
        if self._task:
            self._task.cancel()
        if self._player:
            self._player.stop()
            self._end(ending)
        while self._waiting:
            self._host.journal.end(self._waiting.popleft().arrival, ending, monotonic_ns())

    def _controlled(self, task: asyncio.Task[RenderedResponse]) -> None:
        self._task = None
        if not task.cancelled() and not self.closing:
            answer = task.result()
            body = answer.pieces[0]
            self.transport.write(_KEEP % (answer.head, date_line(), len(body), body))
