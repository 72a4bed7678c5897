"""What a replay finds of a case beside the case's own findings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from hopcheck.registry import Case
from hopcheck.replay.chunking import CHUNKINGS
from hopcheck.replay.scripted import Scripted
from hopcheck.replay.server import ReplayServer
from hopcheck.target import Answer, Live, Stream, Target
from hopcheck.target.answers import Sent
from hopcheck_contracts.findings import Finding, expect

NOTHING: Mapping[str, Any] = {}

ASKED_AGAIN = 4
"""Streams of a case that are asked for again under each chunking: of many that are alike, so many."""


class ReplayFindings:
    """Finds whether a case's requests were those on its tape, and all of them, and what the proxy makes of more.

    Attributes:
        scripted: Runs cases with their scripts in LiteLLM's seat; None if the server has none to play them.
    """

    def __init__(self, server: ReplayServer, *, more: bool = True, own: Mapping[str, Any] = NOTHING) -> None:
        """Looks at that server.

        Args:
            server: Which one.
            more: Whether to ask for streams again, under each chunking.
            own: See `Scripted`.
        """
        self._server = server
        self._more = more
        self.scripted = Scripted(server, own) if server.seat is not None else None

    async def __call__(self, case: Case, target: Target) -> AsyncIterator[Finding]:
        """What is found of a case that has just asked."""
        misses = list(self._server.misses.get(case.id, ()))
        yield expect("replay.match", misses, equals=[], level="MUST")
        yield expect("replay.played", self._unplayed(case), equals=[], level="MUST")
        streams = [answer for answer in target.answers if isinstance(answer, Stream) and _is_whole(answer)]
        if streams and not misses and self._more:
            minded = await asyncio.gather(*(self._minded(target, stream) for stream in _distinct(streams)))
            yield expect("replay.chunking", [one for differing in minded for one in differing], equals=[], level="MUST")
        found = await self.scripted.finding(case, target) if self.scripted is not None else None
        if found is not None:
            yield found

    def _unplayed(self, case: Case) -> list[str]:
        """What the proxy should have asked. A request that LiteLLM refused by itself, a proxy may refuse by itself."""
        cards = self._server.deck.cards(case.id)
        return [card.name for card in cards if card.left and card.counts]

    async def _minded(self, target: Target, first: Stream) -> list[dict[str, Any]]:
        """Ask for a stream again under each chunking; what differs from the first answer."""
        found = []
        for chunks in CHUNKINGS[1:]:  # as recorded is how it came first
            self._server.rewind(first.marker, chunks)
            again = await _asked_again(target, first)
            if _told(again) != _told(first):
                found.append({"chunks": chunks, "first": _told(first), "then": _told(again)})
        self._server.rewind(first.marker, None)
        return found


def _distinct(streams: Iterable[Stream]) -> list[Stream]:
    """The first few, one of each marker."""
    return list({stream.marker: stream for stream in streams}.values())[:ASKED_AGAIN]


def _is_whole(stream: Stream) -> bool:
    """Whether it can be asked for again: it was a stream, and its client did not leave."""
    return stream.status == 200 and stream.media_type == "text/event-stream" and stream.ended not in ("left", "timeout")


def _told(stream: Stream) -> dict[str, Any]:
    """What a client makes of a stream, however it was cut."""
    return {"status": stream.status, "data": stream.data, "ended": stream.ended}


async def _asked_again(target: Target, first: Answer) -> Stream:
    """Send the same bytes once more, and read the answer; the target doesn't count it among the case's own."""
    sent = first.sent
    connection = await target.connect()
    path = "/" + sent.url.split("/", 3)[3]
    at_ns = await connection.send(sent.method, path, sent.headers, sent.body)
    again = Stream(Sent(sent.marker, sent.method, sent.url, sent.headers, sent.body, at_ns))
    async with Live(connection, again, target.patience_s, connection.close) as live:
        if await live.head() is not None:
            await live.rest()
    return again
