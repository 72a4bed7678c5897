"""Plays one response: its bytes at their times, its hangs and cuts. Runs on a clock, so it needs no task of its own."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator
from time import monotonic, monotonic_ns

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.playback import framing
from hopcheck_server.upstream.playback.clock import SLACK_S, Clock
from hopcheck_server.upstream.playback.rendered import STAMP, RenderedResponse, this_second
from hopcheck_server.upstream.playback.schedule import Segment, plan
from hopcheck_server.upstream.script.turns import Delivery
from hopcheck_server.wire.exchange import ServerExchange
from hopcheck_server.wire.sockets import RESET_DELAY_S

SEPARATION_S = 0.001
"""How long the player waits between bytes that are to arrive apart. TCP_NODELAY puts each write into a segment of its
own, but a reader that is late finds both in its buffer: one tick of the loop's clock lets it read the first."""

MAX_SEPARATIONS = 50
"""How many such waits one response makes; after that the loop only runs in between, so that a body that is split at
every byte doesn't take a second for each kilobyte."""


class Player:
    """Plays a response on an exchange.

    Attributes:
        exchange: The request's exchange.
        arrival: The attempt.
        due: See `Sleeper`.
    """

    def __init__(
        self,
        exchange: ServerExchange,
        arrival: Arrival,
        response: RenderedResponse,
        delivery: Delivery,
        clock: Clock,
        ended: Callable[[Player, Ending], None],
    ) -> None:
        self.exchange = exchange
        self.arrival = arrival
        self.due = 0.0
        self._response = response
        self._delivery = delivery
        self._clock = clock
        self._ended = ended
        self._schedule = plan([] if response.bodiless else response.pieces, delivery)
        self._segments = self._schedule.segments
        self._mode = framing.mode_of(delivery, stream=response.stream, http10=exchange.version == "1.0")
        self._encoder = framing.Encoder(self._mode, gzip=delivery.gzip)
        self._encoded: Iterator[bytes] | None = None  # with a length, all is encoded before the head
        if delivery.close or delivery.content_length is not None or self._mode == "close":
            exchange.keep_alive = False
        self._segment: Segment | None = None  # what comes next; the head, if it hasn't been sent
        self._has_sent_head = self._has_finished = self._has_ended = False
        self._sent = arrival.sent = array("q")
        self._parts: list[bytes] = []
        arrival.response_parts = self._parts
        arrival.promised_bytes = delivery.content_length
        self._is_apart = False  # whether the loop must run before what comes next
        self._separations = 0
        self._stamps = 0
        exchange.on_writable = self.step
        exchange.on_gone = self._on_gone
        self._begin_s = 0.0
        self._not_before = 0.0

    def step(self) -> None:
        """Go on until the next wait; called at the start, and when the connection is writable again."""
        if not self._begin_s:
            self._begin_s = self._not_before = monotonic() + self._delivery.delay_s
        while self.exchange.writable and not self._has_ended and not self._must_wait():
            self._act()

    def wake(self) -> None:
        """Do what was waited for, and go on."""
        if self.exchange.writable and not self._has_ended:
            self._act()
            self.step()

    def stop(self) -> None:
        """Send nothing more."""
        self._has_ended = True
        self.due = 0.0
        self.exchange.on_gone = self.exchange.on_writable = None

    def _act(self) -> None:
        if self._segment is not None:
            self._send(self._segment)
        elif self._has_sent_head or self._schedule.headless:
            self._end()
        else:
            self._send_head()

    def _must_wait(self) -> bool:
        """Whether it is too early for what comes next; then the clock goes on with it."""
        due = self._not_before
        if self._segment is not None:
            due = max(due, self._begin_s + self._delivery.first_event_delay_s + self._segment.due_s)
        if due > monotonic() + SLACK_S:
            self._is_apart = False
            self._clock.wake(self, due)
            return True
        if self._is_apart:
            self._is_apart = False
            asyncio.get_running_loop().call_soon(self.step)
            return True
        return False

    def _separate(self) -> None:
        """Let what comes next arrive apart from what was sent."""
        self._is_apart = True
        self._separations += 1
        if self._separations <= MAX_SEPARATIONS:
            self._not_before = monotonic() + SEPARATION_S

    def _send_head(self) -> None:
        response, close = self._response, not self.exchange.keep_alive
        if response.bodiless:
            tail = framing.lines("close", 0, gzip=False, close=close)
        else:
            tail = framing.lines(self._mode, self._length(), gzip=self._delivery.gzip, close=close)
        self.arrival.response_head = response.head
        self.arrival.head_sent_ns = monotonic_ns()
        self.exchange.send(response.head + this_second().date_line + tail)
        self._has_sent_head = True
        self._segment = next(self._segments, None)

    def _length(self) -> int:
        """What Content-Length says; more than is sent if the response doesn't end."""
        if self._mode != "length":
            return 0
        segments = [segment._replace(data=self._stamped(segment.data)) for segment in self._segments]
        encoded = [*(self._encoder.encode(segment.data) for segment in segments), self._encoder.finish()]
        self._segments, self._encoded = iter(segments), iter(encoded)
        if self._delivery.content_length is not None:
            return self._delivery.content_length
        size = sum(map(len, encoded))
        return size if self._schedule.end == "whole" else size + max(self._schedule.missing, 1)

    def _send(self, segment: Segment) -> None:
        data = self._stamped(segment.data) if self._encoded is None else segment.data
        encoded = self._encoder.encode(data) if self._encoded is None else next(self._encoded)
        self._sent.append(monotonic_ns())
        self._sent.append(len(data))
        self._parts.append(data)
        self.exchange.send(encoded)
        self._segment = following = next(self._segments, None)
        if following is not None and following.apart:
            self._separate()

    def _stamped(self, data: bytes) -> bytes:
        while self._delivery.stamps and STAMP in data:
            data = data.replace(STAMP, b"%d:%d" % (self._stamps, monotonic_ns()), 1)
            self._stamps += 1
        return data

    def _end(self) -> None:
        end = self._schedule.end
        if end == "whole":
            self._finish()
        elif end == "hang":  # that lasts until the peer leaves or the attempt is released
            self._has_ended = True
        else:
            self._ended(self, "cut")
            if end == "reset":
                self.exchange.reset(RESET_DELAY_S)
            else:
                self.exchange.abort()

    def _finish(self) -> None:
        """Complete the body; it has ended when the peer has taken all but the last few bytes of it."""
        if not self._has_finished and not self._response.bodiless:
            self.exchange.send(self._encoder.finish() if self._encoded is None else next(self._encoded))
        self._has_finished = True
        if self.exchange.writable:
            self._ended(self, "answered")
            self.exchange.end()

    def _on_gone(self) -> None:
        self._ended(self, "hung-up")
