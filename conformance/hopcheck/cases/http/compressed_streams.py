"""Streams for clients that take compressed ones."""

import zlib
from collections.abc import AsyncIterator

from hopcheck import Events, Findings, Relay, RelayedResponse, Target, Untestable, case, expect, incoming, reply
from hopcheck.cases.http.codings import decoded


@case(
    "http.accept-encoding-sse",
    level="SHOULD",
    on="chat.stream",
    refs=["agentgateway#873"],
    isolation="exclusive",
    upstream=reply.stream("first", " and", " so", " on", pace_s=0.05),
    trips_on=["stream.flush:*", "stream.no-coalesce:*"],
)
async def accept_encoding_sse(target: Target) -> Findings:
    """A stream that a client takes compressed still comes event by event, not when a block is full."""
    stream = await target.chat.stream(headers={"Accept-Encoding": "gzip"})
    sent = (await target.forwarded(stream)).sent
    if len(sent) < 2:
        raise Untestable("the provider's stream was left before its first text")
    sent_ns = sent[1][0]  # after the role
    body, read_ns = b"", stream.ended_at_ns
    for at_ns, data in decoded(stream, "gzip"):
        body += data
        if b'"first"' in body:
            read_ns = at_ns
            break
    # From the first text to the end it is 250 ms: what was held back comes later than this.
    yield expect("first text's lag, ms", round((read_ns - sent_ns) / 1e6), at_most=200)


@accept_encoding_sse.mutant(killed_by="first text's lag, ms")
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
