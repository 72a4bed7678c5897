"""How often the upstream is asked, and what as."""

from dataclasses import replace

from hopcheck import (
    FORWARDED,
    Findings,
    Operation,
    OutgoingRequest,
    Relay,
    Target,
    case,
    expect,
    reply,
)

SOON_S = 0.3
"""How long a second attempt is waited for, which nothing announces."""


@case(
    "requests.single-attempt",
    level="MUST",
    on=FORWARDED,
    refs=["connectrpc conformance", "litellm#34129"],
    upstream=reply.chat("Hello."),
)
async def single_attempt(target: Target, ask: Operation) -> Findings:
    """A request that succeeds makes one upstream attempt."""
    attempts = await target.seen(await ask(), attempts=2, settle_s=SOON_S)
    yield expect("attempts", len(attempts), equals=1)


@single_attempt.mutant(
    killed_by="attempts",
    on=["chat", "embeddings", "messages", "responses"],
    trips=("cache.off-by-default", "timeout.ttfb"),
)
class AsksTwice(Relay):
    """A second provider is asked at the same time, in case the first one fails."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.attempt == 1 and not outgoing.incoming.streams:
            await self._provider.attempt(outgoing, self.config.timeout_s)
        return outgoing


@single_attempt.mutant(
    killed_by="attempts",
    on=["chat.stream", "messages.stream", "responses.stream"],
    trips=("http.upstream-keepalive", "cache.off-by-default", "timeout.ttfb"),
)
class TriesStreamsFirst(Relay):
    """A stream is opened, thrown away and opened again, to know whether it would come."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        if outgoing.attempt == 1 and outgoing.incoming.streams:
            (await self._provider.attempt(outgoing, self.config.timeout_s)).close()
        return outgoing


@case(
    "requests.content-type",
    level="MUST",
    on=FORWARDED,
    refs=["RFC 9110 8.3", "RFC 9112 6.3"],
    needs=["two_sided"],
)
async def content_type(target: Target, ask: Operation) -> Findings:
    """The upstream gets each request as application/json, stated once, and with its body in UTF-8.

    That the body's framing is sound shows in its arrival: the upstream takes no request with two lengths or none.
    """
    attempt = await target.forwarded(await ask(text="Grüße"))
    types = [value.lower() for name, value in attempt.headers if name == "content-type"]
    bare = [value.partition(";")[0].strip() for value in types]
    yield expect("content types", bare, equals=["application/json"])
    readable = "Gr\ufffd" not in attempt.body.decode(errors="replace")
    yield expect("body in UTF-8", readable, equals=True)


@content_type.mutant(killed_by="content types")
class CopiesTheClientsType(Relay):
    """The body is sent without saying what it is, as the client library does with bytes."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return outgoing.with_header("Content-Type", "application/octet-stream")


@content_type.mutant(
    killed_by="body in UTF-8",
    trips=("embeddings.*", "http.*", "messages.*", "requests.*", "responses.*", "sessions.*", "tools.*"),
)
class WritesOneByteEach(Relay):
    """A body goes upstream in the encoding of an old system."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        return replace(outgoing, body=outgoing.body.decode().encode("cp1252", "replace"))
