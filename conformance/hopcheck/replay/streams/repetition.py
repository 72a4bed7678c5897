"""A stream asked for again, and told otherwise than it was recorded: what a proxy makes of that must stay the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck.client import Answer, Live, Stream, Target
from hopcheck.client.responses import Sent
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.chunking import CHUNKINGS, Chunks, StreamForm, StreamVariant, is_stream
from hopcheck.replay.streams.variants import CHUNKS, LINES, can_be_retold, meaning

ASKED_AGAIN = 4
"""Streams of a case that are asked for again under each chunking: of many that are alike, so many."""

RETOLD_UNDER: Mapping[Chunks, frozenset[str]] = {"per-event": frozenset(LINES), "coalesced": frozenset(CHUNKS)}
"""Under which chunkings a stream is retold, too."""

ClientView = dict[str, Any]
"""What a client makes of a stream."""


class VariantDifference(NamedTuple):
    """A retelling that a proxy minds.

    Attributes:
        ways: In which ways the stream was told otherwise.
        first: What the client was told of the stream as it was recorded.
        then: What it was told of this one.
    """

    ways: frozenset[str]
    first: ClientView
    then: ClientView


class StreamRepeater:
    """Asks a target for streams that it has just brought."""

    def __init__(self, server: ReplayServer, target: Target) -> None:
        """The server is what the target asks."""
        self._server = server
        self._target = target

    async def cut_otherwise(self, first: Stream) -> list[ClientView]:
        """Ask for a stream under each other chunking; what differs from the first answer."""
        return [one for chunks in CHUNKINGS[1:] for one in await self._cut(first, chunks)]  # it came as recorded first

    async def told_otherwise(self, first: Stream) -> tuple[list[ClientView], list[VariantDifference]]:
        """Ask for a stream under each other chunking, some of them together with a retelling: what of both is minded.

        Only what is minded together is asked for each by itself, so that nobody who minds nothing is asked more often.
        """
        cut: list[ClientView] = []
        found: list[VariantDifference] = []
        for chunks in CHUNKINGS[1:]:
            ways = RETOLD_UNDER.get(chunks, frozenset())
            together = await self._minded(first, StreamVariant(ways, chunks)) if ways else None
            if ways and together is None:
                continue
            differing = await self._cut(first, chunks)
            cut += differing
            if together is not None:
                alone = [await self._minded(first, StreamVariant(frozenset({way}))) for way in sorted(ways)]
                found += [one for one in alone if one is not None] or ([] if differing else [together])
        return cut, found

    def can_be_retold(self, stream: Stream) -> bool:
        """Whether a stream's recording can be."""
        cards = [card for card in self._server.deck.candidates(stream.marker) if card.marker == stream.marker]
        return bool(cards) and all(is_stream(card.interaction) and can_be_retold(card.interaction) for card in cards)

    async def _cut(self, first: Stream, chunks: Chunks) -> list[ClientView]:
        again, before = _told(await self._asked(first, chunks)), _told(first)
        return [] if again == before else [{"chunks": chunks, "first": before, "then": again}]

    async def _minded(self, first: Stream, telling: StreamVariant) -> VariantDifference | None:
        then, before = _meant(await self._asked(first, telling)), _meant(first)
        return None if then == before else VariantDifference(telling.ways, before, then)

    async def _asked(self, first: Stream, telling: StreamForm) -> Stream:
        self._server.rewind(first.marker, telling)
        try:
            return await _asked_again(self._target, first)
        finally:
            self._server.rewind(first.marker, None)


def distinct(streams: Iterable[Stream]) -> list[Stream]:
    """The first few, one of each marker."""
    return list({stream.marker: stream for stream in streams}.values())[:ASKED_AGAIN]


def is_whole(stream: Stream) -> bool:
    """Whether it can be asked for again: it was a stream, and its client did not leave."""
    return stream.status == 200 and stream.media_type == "text/event-stream" and stream.ended not in ("left", "timeout")


def _told(stream: Stream) -> ClientView:
    """What a client is told by a stream, however it was cut."""
    return {"status": stream.status, "data": stream.data, "ended": stream.ended}


def _meant(stream: Stream) -> ClientView:
    """What a client makes of a stream, in whatever words it came."""
    return {**_told(stream), "data": meaning(stream.data)}


async def _asked_again(target: Target, first: Answer) -> Stream:
    """Send the same bytes once more, and read the answer; the target doesn't count it among the case's own."""
    sent = first.sent
    connection = await target.connect()
    path = "/" + sent.url.split("/", 3)[3]
    at_ns = await connection.send(sent.method, path, sent.headers, sent.body)
    again = Stream(Sent(sent.marker, sent.method, sent.url, sent.headers, sent.body, at_ns))
    async with Live(connection, again, target.read_timeout_s, connection.close) as live:
        if await live.head() is not None:
            await live.rest()
    return again
