"""Plays one recorded answer: head and chunks at their times, and the end as it was: whole, cut, reset or left open."""

from __future__ import annotations

import asyncio
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

RESET_AFTER_S = 0.02
"""A reset makes a peer drop what it hasn't read yet; in this time it can read what was sent before."""


TOGETHER = 16
"""Chunks of a byte that leave in one write: to HTTP they are chunks all the same."""


class InteractionPlayer:
    """One card on one exchange."""

    def __init__(
        self,
        exchange: ServerExchange,
        played: ReplayedAttempt,
        card: PlayableInteraction,
        telling: StreamForm,
        secret: str,
    ) -> None:
        """Nothing is sent yet; see `pieces_of` for the last two."""
        self._exchange = exchange
        self._played = played
        self._one: Interaction = card.interaction
        self._pieces = pieces_of(card.interaction, telling, secret)
        self._released_us = card.released_us
        self._start_ns = played.received_ns

    async def play(self) -> Ending:
        """Play it.

        Returns:
            How it ended; `hung-up` is `PeerLeft`'s to tell.

        Raises:
            PeerLeft: The proxy left.
        """
        wire, response = self._one.wire, self._one.response
        if response is not None and wire.head_us is not None:
            await self._until(wire.head_us)
            await self._exchange.raw(self._head(response))
            self._played.head_sent_ns = monotonic_ns()
            await self._send(self._pieces)
        return await self._end()

    async def _send(self, pieces: list[StreamPiece]) -> None:
        sent = self._played.sent = array("q")
        for (at_us, _), group in groupby(pieces, key=lambda piece: (piece.at_us, len(piece.data) == 1)):
            await self._until(at_us)
            for together in _writes(group):
                now_ns = monotonic_ns()
                sent.extend(value for piece in together for value in (now_ns, len(piece.data)))
                await self._exchange.raw(b"".join(self._framed(piece.data) for piece in together))

    def _framed(self, data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data) if self._one.wire.framing == "chunked" else data

    async def _end(self) -> Ending:
        wire = self._one.wire
        if wire.ended == "left":
            await self._exchange.gone.wait()
            return "hung-up"
        await self._until(wire.ended_us)
        if wire.ended == "reset":
            await self._pass(RESET_AFTER_S)
            self._exchange.reset()
            return "cut"
        if wire.ended != "complete":
            self._exchange.abort()
            return "cut"
        if wire.framing == "chunked":
            await self._exchange.raw(b"0\r\n\r\n")
        if wire.framing == "close" or (self._one.response and _closes(self._one.response)):
            self._exchange.keep_alive = False
        return "answered"

    def _head(self, response: RecordedResponse) -> bytes:
        """The head as it was recorded; its Content-Length is that of what is sent now."""
        grown = sum(len(piece.data) for piece in self._pieces) - len(response.body)
        headers = [(name, value) for name, value in response.headers if name.lower() != "content-length"]
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in headers)]
        match self._one.wire.framing:
            case "chunked" if response.header("transfer-encoding") is None:
                lines.append("transfer-encoding: chunked")
            case "length":
                lines.append(f"content-length: {int(response.header('content-length') or len(response.body)) + grown}")
            case "close" if not _closes(response):
                lines.append("connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    async def _until(self, at_us: int) -> None:
        """Wait until then, and until the case has let go of the provider, where the recorded answer waited for that."""
        if self._released_us is not None and at_us > self._released_us:
            await self._let_go()
            passed_ns = round(self._released_us * 1000 * self._played.scale)
            self._start_ns, self._released_us = monotonic_ns() - passed_ns, None
        wait_ns = self._start_ns + round(at_us * 1000 * self._played.scale) - monotonic_ns()
        await self._pass(wait_ns / 1e9 - SLACK_S)

    async def _let_go(self) -> None:
        """Wait until the case has let go of the provider, but not longer than the proxy does."""
        tasks = [asyncio.ensure_future(event.wait()) for event in (self._exchange.gone, self._played.released)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    async def _pass(self, seconds: float) -> None:
        """Let so much time pass, unless the proxy leaves."""
        if seconds > 0 and not self._exchange.gone.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._exchange.gone.wait()


def _writes(group: Iterator[StreamPiece]) -> Iterator[list[StreamPiece]]:
    """Which chunks of the same time leave in one write."""
    for piece in group:
        yield [piece, *islice(group, TOGETHER - 1)] if len(piece.data) == 1 else [piece]


def _closes(response: RecordedResponse) -> bool:
    return (response.header("connection") or "").lower() == "close"
