"""Plays one answer: its bytes at their times, its hangs and cuts. Runs on a clock, so it needs no task of its own."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, monotonic_ns
from typing import Protocol

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.playback.clock import SLACK_S, Clock
from hopcheck_server.upstream.playback.rendered import STAMP, RenderedResponse, date_line
from hopcheck_server.upstream.playback.schedule import Segment, plan
from hopcheck_server.upstream.script.turns import Delivery
from hopcheck_server.wire import framing

APART_S = 0.001
"""How long the writer waits between bytes that are to arrive apart. TCP_NODELAY puts each write into a segment of its
own, but a reader that is late finds both in its buffer: one tick of the loop's clock lets it read the first."""

APART_AT_MOST = 50
"""How many such waits one answer makes; after that it only lets the loop run in between, so that a body that is split
at every byte doesn't take a second for each kilobyte."""


@dataclass(slots=True)
class Exchange:
    """An attempt and what it is answered.

    Attributes:
        arrival: The attempt.
        answer: The answer.
        wire: How it leaves.
    """

    arrival: Arrival
    answer: RenderedResponse
    wire: Delivery


class Line(Protocol):
    """The connection, as the player needs it."""

    writable: bool

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def cut(self, *, reset: bool) -> None:
        """End the connection here, after what was written."""

    def played(self, *, close: bool) -> None:
        """The answer has been sent; called once, and not if the player was stopped from outside."""


class Player:
    """Plays an exchange on a connection.

    Attributes:
        arrival: The attempt.
        due: See `Sleeper`.
    """

    def __init__(self, exchange: Exchange, line: Line, clock: Clock) -> None:
        self._clock = clock
        self.arrival = exchange.arrival
        self._line = line
        self._answer = exchange.answer
        self._wire = wire = exchange.wire
        self._plan = plan([] if self._answer.empty else self._answer.pieces, wire)
        self._segments = self._plan.segments
        self._mode = framing.mode_of(wire, stream=self._answer.stream, http10=self.arrival.head.http10)
        self._encoder = framing.Encoder(self._mode, gzip=wire.gzip)
        self._encoded: Iterator[bytes] | None = None  # with a length, all is encoded before the head
        self._finished = False
        lies = wire.content_length is not None
        self._close = wire.close or lies or not self.arrival.head.keep_alive or self._mode == "close"
        self._start = monotonic() + wire.delay_s
        self._first = self._start + wire.first_event_delay_s
        self._not_before = self._start
        self._segment: Segment | None = None  # what comes next; the head, if it hasn't been sent
        self._headed = False
        self._sent = self.arrival.sent = array("q")
        self._apart = False  # whether the loop must run before what comes next
        self._waits = 0
        self._stamps = 0
        self._ended = False
        self.due = 0.0

    def step(self) -> None:
        """Go on until the next wait; called at the start, and when the connection is writable again."""
        while self._line.writable and not self._ended and not self._wait():
            self._act()

    def wake(self) -> None:
        """Do what was waited for, and go on."""
        if self._line.writable and not self._ended:
            self._act()
            self.step()

    def _act(self) -> None:
        if self._segment is not None:
            self._send(self._segment)
        elif self._headed or self._plan.headless:
            self._end()
        else:
            self._send_head()

    def stop(self) -> None:
        """Send nothing more."""
        self._ended = True
        self.due = 0.0

    def _wait(self) -> bool:
        """Whether it is too early for what comes next; then the clock goes on with it."""
        due = self._not_before
        if self._segment is not None and due < (scheduled := self._first + self._segment.due_s):
            due = scheduled
        if due > monotonic() + SLACK_S:
            self._apart = False
            self._clock.wake(self, due)
            return True
        if self._apart:
            self._apart = False
            asyncio.get_running_loop().call_soon(self.step)
            return True
        return False

    def _part(self) -> None:
        """See to it that what comes next arrives apart from what was sent."""
        self._apart = True
        self._waits += 1
        if self._waits <= APART_AT_MOST:
            self._not_before = monotonic() + APART_S

    def _send_head(self) -> None:
        answer = self._answer
        if answer.empty:
            tail = framing.lines("close", 0, gzip=False, close=self._close)
        else:
            tail = framing.lines(self._mode, self._length(), gzip=self._wire.gzip, close=self._close)
        self.arrival.head_sent_ns = monotonic_ns()
        self._line.write(answer.head + date_line() + tail)
        self._headed = True
        self._segment = next(self._segments, None)

    def _length(self) -> int:
        """What Content-Length says; more than is sent if the answer doesn't end."""
        if self._mode != "length":
            return 0
        segments = list(self._segments)
        encoded = [*(self._encoder.encode(self._stamped(segment.data)) for segment in segments), self._encoder.finish()]
        self._segments, self._encoded = iter(segments), iter(encoded)
        if self._wire.content_length is not None:
            return self._wire.content_length
        size = sum(map(len, encoded))
        return size if self._plan.end == "whole" else size + max(self._plan.missing, 1)

    def _send(self, segment: Segment) -> None:
        data = self._encoder.encode(self._stamped(segment.data)) if self._encoded is None else next(self._encoded)
        self._sent.append(monotonic_ns())
        self._sent.append(len(segment.data))
        self._line.write(data)
        self._segment = following = next(self._segments, None)
        if following is not None and following.apart:
            self._part()

    def _stamped(self, data: bytes) -> bytes:
        while self._wire.stamps and STAMP in data:
            data = data.replace(STAMP, b"%d:%d" % (self._stamps, monotonic_ns()), 1)
            self._stamps += 1
        return data

    def _end(self) -> None:
        end = self._plan.end
        if end == "whole":
            self._finish()
            return
        self._ended = True
        if end != "hang":  # that lasts until the peer leaves or somebody stops it
            self._line.cut(reset=end == "reset")

    def _finish(self) -> None:
        """Complete the body; it has ended when the peer has taken all but the last few bytes of it."""
        if not self._finished and not self._answer.empty:
            self._line.write(self._encoder.finish() if self._encoded is None else next(self._encoded))
        self._finished = True
        if self._line.writable:
            self._ended = True
            self._line.played(close=self._close)
