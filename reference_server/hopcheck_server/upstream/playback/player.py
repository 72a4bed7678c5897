"""Plays one response: its bytes at their times, its hangs and cuts. Runs on a clock, so it needs no task of its own."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from time import monotonic, monotonic_ns

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.playback import framing
from hopcheck_server.upstream.playback.clock import SLACK_S, Clock
from hopcheck_server.upstream.playback.rendered import STAMP, RenderedResponse, this_second
from hopcheck_server.upstream.playback.schedule import END, plan
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
        self._encoder: framing.Encoder = framing.Encoder(self._mode, gzip=delivery.gzip)
        if delivery.close or delivery.content_length is not None or self._mode == "close":
            exchange.keep_alive = False
        self._data = b""  # what of the body comes next
        self._go_on = Player._end if self._schedule.headless else Player._send_head
        self._has_finished = self._has_ended = False
        self._sent = arrival.sent = array("q")
        self._stamped_parts: list[bytes] | None = [] if delivery.stamps else None
        arrival.response_parts = response.pieces if self._stamped_parts is None else self._stamped_parts
        arrival.promised_bytes = delivery.content_length
        self._is_apart = False  # whether the loop must run before what comes next
        self._separations = self._stamps = 0
        exchange.on_writable = self.step
        exchange.on_gone = self._on_gone
        self._body_s = 0.0  # when the body begins, once the player has
        self._not_before = 0.0

    def step(self) -> None:
        """Do all that is due; called at the start, by the clock, and when the connection is writable again."""
        now = monotonic()
        if not self._body_s:
            self._not_before = now + self._delivery.delay_s
            self._body_s = self._not_before + self._delivery.first_event_delay_s
        line = self.exchange.line
        while line.writable and not self._has_ended:
            if self._not_before > now + SLACK_S:
                self._is_apart = False
                self._clock.wake(self, self._not_before)
                return
            if self._is_apart:
                self._is_apart = False
                asyncio.get_running_loop().call_soon(self.step)
                return
            self._go_on(self)

    def stop(self) -> None:
        """Send nothing more."""
        self._has_ended = True
        self.due = 0.0
        self.exchange.on_gone = self.exchange.on_writable = None

    def _advance(self) -> None:
        """Take up the next part of the body, with the time before which it doesn't leave; or the end."""
        data, due_s, is_apart = next(self._segments, END)
        if data is None:
            self._go_on = Player._end
            return
        self._data = data
        due = self._body_s + due_s
        if is_apart:
            due = self._apart(due)
        if due > self._not_before:
            self._not_before = due

    def _apart(self, due: float) -> float:
        """Let the loop run before what comes next; returns when that may leave."""
        self._is_apart = True
        self._separations += 1
        return due if self._separations > MAX_SEPARATIONS else max(due, monotonic() + SEPARATION_S)

    def _send_head(self) -> None:
        response, close = self._response, not self.exchange.keep_alive
        if response.bodiless:
            tail = framing.lines("close", 0, gzip=False, close=close)
        else:
            tail = framing.lines(self._mode, self._length(), gzip=self._delivery.gzip, close=close)
        self.arrival.response_head = response.head
        self.arrival.head_sent_ns = monotonic_ns()
        self.exchange.send(response.head + this_second().date_line + tail)
        self._go_on = Player._send
        self._advance()

    def _length(self) -> int:
        """What Content-Length says; more than is sent if the response doesn't end."""
        if self._mode != "length":
            return 0
        segments = [(self._stamped(data), due_s, is_apart) for data, due_s, is_apart in self._segments]
        encoded = [*(self._encoder.encode(data) for data, _, _ in segments), self._encoder.finish()]
        self._segments, self._encoder = iter(segments), framing.Encoded(encoded)
        if self._delivery.content_length is not None:
            return self._delivery.content_length
        size = sum(map(len, encoded))
        return size if self._schedule.end == "whole" else size + max(self._schedule.missing, 1)

    def _send(self) -> None:
        data = self._data
        if self._stamped_parts is not None:
            data = self._stamped(data)
            self._stamped_parts.append(data)
        self._sent.append(monotonic_ns())
        self._sent.append(len(data))
        self.exchange.line.write(self._encoder.encode(data))
        self._advance()

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
            self.exchange.send(self._encoder.finish())
        self._has_finished = True
        if self.exchange.line.writable:
            self._ended(self, "answered")
            self.exchange.end()

    def _on_gone(self) -> None:
        self._ended(self, "hung-up")
