"""Plays one response: its bytes at their times, its hangs and cuts. Runs on a clock, so it needs no task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from math import inf
from time import monotonic, monotonic_ns

from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.playback import framing
from hopcheck_server.upstream.playback.clock import SLACK_S, Clock
from hopcheck_server.upstream.playback.rendered import RenderedResponse, this_second
from hopcheck_server.upstream.playback.schedule import End, PlaybackSchedule, Segment, plan
from hopcheck_server.upstream.playback.stamps import Stamper
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
        self._mode = framing.mode_of(delivery, stream=response.stream, http10=exchange.version == "1.0")
        self._encoder: framing.Encoder = framing.Encoder(self._mode, gzip=delivery.gzip)
        if delivery.close or delivery.content_length is not None or self._mode == "close":
            exchange.keep_alive = False
        self._stamper = Stamper(arrival.marker) if delivery.stamps else None
        self._stamped_parts: list[bytes] | None = [] if delivery.stamps else None
        arrival.response_parts = response.pieces if self._stamped_parts is None else self._stamped_parts
        arrival.promised_bytes = delivery.content_length
        self._separations = 0
        exchange.on_writable = self.step
        exchange.on_gone = self._on_gone
        self._has_ended = False
        self._play: Iterator[float] = self._playback()
        self._not_before = 0.0  # when it goes on
        self._is_apart = False  # whether the loop must run before that

    def step(self) -> None:
        """Do all that is due; called at the start, by the clock, and when the connection is writable again."""
        limit, line = monotonic() + SLACK_S, self.exchange.line
        while line.writable and not self._has_ended:
            if self._not_before > limit:
                self._is_apart = False
                self._clock.wake(self, self._not_before)
                return
            if self._is_apart:
                self._is_apart = False
                asyncio.get_running_loop().call_soon(self.step)
                return
            self._not_before = next(self._play)

    def stop(self) -> None:
        """Send nothing more."""
        self._has_ended = True
        self.due = 0.0
        self._play = iter(())  # which referred to the player
        self.exchange.on_gone = self.exchange.on_writable = None

    def _playback(self) -> Iterator[float]:
        """Play the response from begin to end; yields when it goes on."""
        schedule = plan([] if self._response.bodiless else self._response.pieces, self._delivery)
        start_s = monotonic() + self._delivery.delay_s
        yield start_s
        if not schedule.headless:
            segments = self._send_head(schedule)
            yield from self._body(segments, start_s + self._delivery.first_event_delay_s)
        if schedule.end == "whole":
            if not self._response.bodiless:
                self.exchange.send(self._encoder.finish())
            while not self.exchange.line.writable:
                yield 0.0
            self._ended(self, "answered")
            self.exchange.end()
        elif schedule.end == "hang":  # that lasts until the peer leaves or the attempt is released
            self._has_ended = True
        else:
            self._cut(schedule.end)
        yield inf

    def _body(self, segments: Iterator[Segment], start_s: float) -> Iterator[float]:
        sent: list[int] = []
        self.arrival.sent, note = sent, sent.append
        write, encode, stamped, not_before = self.exchange.line.write, self._encoder.encode, self._stamped_parts, 0.0
        for data, due_s, is_apart in segments:
            due = start_s + due_s
            if due > not_before:
                not_before = due
            if is_apart:
                not_before = max(not_before, self._separate())
            yield not_before
            if stamped is not None:
                data = self._stamped(data)
                stamped.append(data)
            note(monotonic_ns())
            note(len(data))
            write(encode(data))

    def _separate(self) -> float:
        """Let the loop run before the next bytes leave, which are to arrive apart; returns when they may."""
        self._is_apart = True
        self._separations += 1
        return 0.0 if self._separations > MAX_SEPARATIONS else monotonic() + SEPARATION_S

    def _send_head(self, schedule: PlaybackSchedule) -> Iterator[Segment]:
        """Send the head; returns the body's segments."""
        response, close, segments, length = self._response, not self.exchange.keep_alive, schedule.segments, 0
        if self._mode == "length":
            segments, length = self._encoded(schedule)
        mode = "close" if response.bodiless else self._mode
        tail = framing.lines(mode, length, gzip=self._delivery.gzip and not response.bodiless, close=close)
        self.arrival.response_head = response.head
        self.arrival.head_sent_ns = monotonic_ns()
        self.exchange.send(response.head + this_second().date_line + tail)
        return segments

    def _encoded(self, schedule: PlaybackSchedule) -> tuple[Iterator[Segment], int]:
        """Encode the whole body; returns what Content-Length says, more than is sent if the response doesn't end."""
        segments = [(self._stamped(data), due_s, is_apart) for data, due_s, is_apart in schedule.segments]
        encoded = [*(self._encoder.encode(data) for data, _, _ in segments), self._encoder.finish()]
        self._encoder = framing.Encoded(encoded)
        if self._delivery.content_length is not None:
            return iter(segments), self._delivery.content_length
        size = sum(map(len, encoded))
        return iter(segments), size if schedule.end == "whole" else size + max(schedule.missing, 1)

    def _stamped(self, data: bytes) -> bytes:
        return data if self._stamper is None else self._stamper.stamp(data)

    def _cut(self, end: End) -> None:
        self._ended(self, "cut")
        if end == "reset":
            self.exchange.reset(RESET_DELAY_S)
        else:
            self.exchange.abort()

    def _on_gone(self) -> None:
        self._ended(self, "hung-up")
