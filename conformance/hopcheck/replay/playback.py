"""Plays a recorded response: head and chunks at their times, and the recorded ending: complete, cut, reset or open."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby, islice
from time import monotonic_ns

from hopcheck.cassettes import Interaction, RecordedResponse
from hopcheck.replay.attempts import ReplayedAttempt
from hopcheck.replay.index import PlayableInteraction
from hopcheck.replay.streams.chunking import StreamForm, StreamPiece, pieces_of
from hopcheck_server.upstream.journal.attempt import Ending
from hopcheck_server.upstream.playback.clock import SLACK_S
from hopcheck_server.wire.server import ServerExchange
from hopcheck_server.wire.sockets import RESET_DELAY_S

CHUNKS_PER_WRITE = 16
"""The number of one-byte chunks that are sent in one write; they stay separate HTTP chunks."""


class InteractionPlayer:
    """Plays one recorded interaction on one exchange."""

    def __init__(
        self,
        exchange: ServerExchange,
        played: ReplayedAttempt,
        recording: PlayableInteraction,
        form: StreamForm,
        secret: str,
    ) -> None:
        """Prepare to play; see `pieces_of` for `form` and `secret`."""
        self._exchange = exchange
        self._played = played
        self._one: Interaction = recording.interaction
        self._pieces = pieces_of(recording.interaction, form, secret)
        # A stream that is asked for again is released by nobody.
        self._released_us = None if played.is_repeated else recording.released_us
        self._start_ns = played.received_ns

    async def play(self) -> Ending:
        """Play it.

        Returns:
            How it ended; a proxy that hung up raises `PeerLeft` instead.

        Raises:
            PeerLeft: The proxy left.
        """
        delivery, response = self._one.delivery, self._one.response
        if response is not None and delivery.head_us is not None:
            await self._until(delivery.head_us)
            await self._exchange.raw(self._head(response))
            self._played.head_sent_ns = monotonic_ns()
            await self._send(self._pieces)
        return await self._end()

    async def _send(self, pieces: list[StreamPiece]) -> None:
        sent = self._played.sent = array("q")
        for (at_us, _), group in groupby(pieces, key=lambda piece: (piece.at_us, len(piece.data) == 1)):
            await self._until(at_us)
            for written in _writes(group):
                now_ns = monotonic_ns()
                sent.extend(value for piece in written for value in (now_ns, len(piece.data)))
                await self._exchange.raw(b"".join(self._framed(piece.data) for piece in written))

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._one.delivery.framing == "chunked" else data

    async def _end(self) -> Ending:
        delivery = self._one.delivery
        if delivery.ended == "left":
            await self._exchange.gone.wait()
            return "hung-up"
        await self._until(delivery.ended_us)
        if delivery.ended == "reset":
            await self._pass(RESET_DELAY_S)
            self._exchange.reset()
            return "cut"
        if delivery.ended != "complete":
            self._exchange.abort()
            return "cut"
        if delivery.framing == "chunked":
            await self._exchange.raw(b"0\r\n\r\n")
        if delivery.framing == "close" or (self._one.response and _closes(self._one.response)):
            self._exchange.keep_alive = False
        return "answered"

    def _head(self, response: RecordedResponse) -> bytes:
        """The recorded head, with the Content-Length of the body that is sent."""
        grown = sum(len(piece.data) for piece in self._pieces) - len(response.body)
        headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in headers)]
        match self._one.delivery.framing:
            case "chunked" if response.header("transfer-encoding") is None:
                lines.append("transfer-encoding: chunked")
            case "length":
                lines.append(f"content-length: {int(response.header('content-length') or len(response.body)) + grown}")
            case "close" if not _closes(response):
                lines.append("connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def _until(self, at_us: int) -> None:
        """Wait until then, and for the case's release if the recorded response followed it."""
        if self._released_us is not None and at_us > self._released_us:
            await self._wait_for_release()
            passed_ns = round(self._released_us * 1000 * self._played.scale)
            self._start_ns, self._released_us = monotonic_ns() - passed_ns, None
        wait_ns = self._start_ns + round(at_us * 1000 * self._played.scale) - monotonic_ns()
        await self._pass(wait_ns / 1e9 - SLACK_S)

    async def _wait_for_release(self) -> None:
        """Wait until the case has released the provider, or the proxy has left."""
        tasks = [asyncio.ensure_future(event.wait()) for event in (self._exchange.gone, self._played.released)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _pass(self, seconds: float) -> None:
        """Wait for that time, or until the proxy leaves."""
        if seconds > 0 and not self._exchange.gone.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._exchange.gone.wait()


def _writes(group: Iterator[StreamPiece]) -> Iterator[list[StreamPiece]]:
    """Group chunks of the same time into writes."""
    for piece in group:
        yield [piece, *islice(group, CHUNKS_PER_WRITE - 1)] if len(piece.data) == 1 else [piece]


def _closes(response: RecordedResponse) -> bool:
    return (response.header("connection") or "").lower() == "close"


def scale_of(timing: str) -> float:
    """How long a recorded second lasts, in seconds.

    Args:
        timing: `recorded`, `instant` or `scaled:X`, where 2 is twice as slow and 0.5 twice as fast.

    Raises:
        ValueError: It is none of these.
    """
    how, _, factor = timing.partition(":")
    if not factor and how in ("recorded", "instant"):
        return 1.0 if how == "recorded" else 0.0
    try:
        scale = float(factor) if how == "scaled" else math.nan
    except ValueError:
        scale = math.nan
    if not 0 <= scale < math.inf:
        raise ValueError(f"timing is recorded, instant or scaled:X with a number that isn't negative, not {timing!r}")
    return scale
