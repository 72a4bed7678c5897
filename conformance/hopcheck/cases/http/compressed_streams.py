"""Streams for clients that take compressed ones."""

import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

from hopcheck import (
    STREAMED,
    Events,
    Findings,
    Operation,
    Relay,
    RelayedResponse,
    Target,
    Untestable,
    case,
    edits,
    expect,
    incoming,
    reply,
)
from hopcheck.cases.http.codings import decoded

PACE_MS = 200
"""Milliseconds between two events of the provider's stream."""


@case(
    "http.accept-encoding-sse",
    level="SHOULD",
    because="it is about a stream that has begun",
    on=STREAMED,
    refs=["agentgateway#873"],
    isolation="paced",
    upstream=reply.stream("first", " and", " so", " on", pace_s=PACE_MS / 1000),
    trips_on=["stream.flush:*", "stream.no-coalesce:*"],
)
async def accept_encoding_sse(target: Target, ask: Operation) -> Findings:
    """A stream that a client takes compressed still comes event by event, not when a block is full."""
    stream = await ask.stream(headers={"Accept-Encoding": "gzip"})
    sent = (await target.forwarded(stream)).sent
    if len(sent) < 2:
        raise Untestable("the provider's stream was left before its first text")
    last_ns = sent[-1][0]
    read = replace(stream, chunks=list(decoded(stream, "gzip"))).events
    read_ns = next((one.at_ns for one in read if edits.text_of(one.event.json)), stream.ended_at_ns)
    early_ms = round((last_ns - read_ns) / 1e6)
    yield expect("ms from the first text to the provider's last event", early_ms, at_least=PACE_MS)
    times = [one.at_ns for one in read if edits.text_of(one.event.json)]
    apart = [later - earlier > 2e7 for earlier, later in pairwise(times)]
    yield expect("texts that came by themselves", 1 + sum(apart), at_least=3)


@accept_encoding_sse.mutant(killed_by="ms from the first text to the provider's last event")
class CompressesInBlocks(Relay):
    """Streams are compressed for clients that take it, and not flushed before their end."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Encoding", "gzip") if response.streamed and takes_gzip() else response

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        deflate = zlib.compressobj(wbits=31) if takes_gzip() else None
        async for event in events:
            yield deflate.compress(event.raw) if deflate else event.raw
        if deflate:
            yield deflate.flush()


def takes_gzip() -> bool:
    """Whether the client that is being answered takes gzip."""
    return "gzip" in (incoming().header("accept-encoding") or "")


@accept_encoding_sse.mutant(killed_by="texts that came by themselves")
class FlushesPairs(Relay):
    """A compressed stream leaves in two parts."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        packed = response.streamed and takes_gzip()
        return response.with_header("Content-Encoding", "gzip") if packed else response

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        if not takes_gzip():
            async for event in events:
                yield event.raw
            return
        deflate, number = zlib.compressobj(wbits=31), 0
        async for event in events:
            number += 1
            packed = deflate.compress(event.raw) + (deflate.flush(zlib.Z_SYNC_FLUSH) if number % 4 == 0 else b"")
            yield packed or b""
        yield deflate.flush()
