"""Requests a stream again in other chunks or as a variant: what the client receives must mean the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from hopcheck.client import PendingResponse, Response, Stream, Target
from hopcheck.client.responses import SentRequest
from hopcheck.replay.server import ReplayServer
from hopcheck.replay.streams.chunking import CHUNKINGS, Chunks, StreamForm, StreamVariant, is_stream
from hopcheck.replay.streams.variants import CHUNKS, LINES, can_be_rewritten, meaning

MAX_STREAMS = 4
"""The number of a case's streams that are requested again."""

REWRITTEN_UNDER: Mapping[Chunks, frozenset[str]] = {"per-event": frozenset(LINES), "coalesced": frozenset(CHUNKS)}
"""The chunkings that are combined with variants, and with which."""

ClientView = dict[str, Any]
"""What a client reads from a stream."""


class VariantDifference(NamedTuple):
    """A variant that the proxy passes on with another meaning.

    Attributes:
        ways: The ways in which the stream was rewritten.
        first: What the client read from the recorded stream.
        then: What it read from the variant.
    """

    ways: frozenset[str]
    first: ClientView
    then: ClientView


class StreamRepeater:
    """Requests streams again that a target has just sent."""

    def __init__(self, server: ReplayServer, target: Target) -> None:
        """The server plays the cassettes to the target."""
        self._server = server
        self._target = target

    async def rechunked(self, first: Stream) -> list[ClientView]:
        """Request a stream under each other chunking, and return what differs from the first response."""
        return [one for chunks in CHUNKINGS[1:] for one in await self._rechunked(first, chunks)]

    async def in_variants(self, first: Stream) -> tuple[list[ClientView], list[VariantDifference]]:
        """Request a stream under each other chunking, some combined with variants, and return the differences of both.

        Chunking and variants are tried separately only when a combination made a difference, which saves requests.
        """
        cut: list[ClientView] = []
        found: list[VariantDifference] = []
        for chunks in CHUNKINGS[1:]:
            ways = REWRITTEN_UNDER.get(chunks, frozenset())
            together = await self._difference(first, StreamVariant(ways, chunks)) if ways else None
            if ways and together is None:
                continue
            differing = await self._rechunked(first, chunks)
            cut += differing
            if together is not None:
                alone = [await self._difference(first, StreamVariant(frozenset({way}))) for way in sorted(ways)]
                found += [one for one in alone if one is not None] or ([] if differing else [together])
        return cut, found

    def can_be_rewritten(self, stream: Stream) -> bool:
        """Whether the recording of a stream can be played in variants."""
        recorded = [
            one.interaction for one in self._server.index.candidates(stream.marker) if one.marker == stream.marker
        ]
        return bool(recorded) and all(is_stream(one) and can_be_rewritten(one) for one in recorded)

    async def _rechunked(self, first: Stream, chunks: Chunks) -> list[ClientView]:
        then, before = _view(await self._request(first, chunks)), _view(first)
        return [] if then == before else [{"chunks": chunks, "first": before, "then": then}]

    async def _difference(self, first: Stream, variant: StreamVariant) -> VariantDifference | None:
        then, before = _meaning(await self._request(first, variant)), _meaning(first)
        return None if then == before else VariantDifference(variant.ways, before, then)

    async def _request(self, first: Stream, form: StreamForm) -> Stream:
        self._server.rewind(first.marker, form)
        try:
            return await _repeated(self._target, first)
        finally:
            self._server.rewind(first.marker, None)


def distinct(streams: Iterable[Stream]) -> list[Stream]:
    """The first few streams, one of each marker."""
    return list({stream.marker: stream for stream in streams}.values())[:MAX_STREAMS]


def is_whole(stream: Stream) -> bool:
    """Whether it can be requested again: it was a stream, and its client did not leave."""
    return stream.status == 200 and stream.media_type == "text/event-stream" and stream.ended not in ("left", "timeout")


def _view(stream: Stream) -> ClientView:
    """What a client reads from a stream, whatever its chunks."""
    return {"status": stream.status, "data": stream.data, "ended": stream.ended}


def _meaning(stream: Stream) -> ClientView:
    """What a stream means to a client, whatever its lines and chunks."""
    return {**_view(stream), "data": meaning(stream.data)}


async def _repeated(target: Target, first: Response) -> Stream:
    """Send the same bytes once more and read the response, which isn't among the case's own."""
    sent = first.sent
    connection = await target.connect()
    path = "/" + sent.url.split("/", 3)[3]
    at_ns = await connection.send(sent.method, path, sent.headers, sent.body)
    again = Stream(SentRequest(sent.marker, sent.method, sent.url, sent.headers, sent.body, at_ns))
    async with PendingResponse(connection, again, target.read_timeout_s, closes=True) as live:
        if await live.head() is not None:
            await live.rest()
    return again
