"""Mutants of the cases about HTTP itself, and about health."""

import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

from hopcheck import Events, Failure, IncomingRequest, OutgoingRequest, Relay, RelayedResponse, incoming, refuse
from hopcheck.selftest.independent import violates
from hopcheck_server.relay.messages import dump


@violates("health.live", on="chat")
class AsksProvidersForHealth(Relay):
    """A question for liveness is answered after the provider was asked for its models."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None and incoming.path.startswith("/health"):
            headers = (("Authorization", f"Bearer {self.config.upstream_key}"),)
            try:
                await self._provider.attempt(OutgoingRequest(incoming, "", "/models", headers, b""), 1.0)
            except Failure:
                return refusal
        return refusal


@violates("health.live")
class AsksForKeysOfProbes(Relay):
    """A question for liveness needs a key."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.path.startswith("/health") and not incoming.key:
            return refuse(incoming, 401, "The API key is missing or wrong.", code="invalid_api_key")
        return await super().authorize(incoming)


@violates("http.accept-encoding-sse")
class FlushesEveryFourth(Relay):
    """A compressed stream is flushed after every fourth event."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Content-Encoding", "gzip") if response.streamed and self.wanted() else response

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        deflate, number = zlib.compressobj(wbits=31), 0
        async for event in events:
            if not self.wanted():
                yield event.raw
                continue
            number += 1
            packed = deflate.compress(event.raw)
            packed += deflate.flush(zlib.Z_SYNC_FLUSH) if number % 4 == 0 else b""
            if packed:
                yield packed
        if self.wanted():
            yield deflate.flush()

    def wanted(self) -> bool:
        return "gzip" in (incoming().header("accept-encoding") or "")


@violates("http.cache-control")
class LetsCachesRevalidate(Relay):
    """`must-revalidate` lets shared caches keep answers to authorized requests, here for ten minutes."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Cache-Control", "max-age=600, must-revalidate")


@violates("http.cache-control")
class SharesForSeconds(Relay):
    """Shared caches may keep an answer for some seconds, though private ones may not."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Cache-Control", "max-age=0, s-maxage=30")


@violates("http.chunked-request")
class ReadsChunksAsAscii(Relay):
    """A body in chunks is read as ASCII, and all other characters become question marks."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.header("transfer-encoding") and incoming.json:
            incoming.body = incoming.body.decode("ascii", "replace").encode()
        return await super().check(incoming)


@violates("http.chunked-request")
class ForgetsFieldsOfChunks(Relay):
    """Of a body in chunks, only the model and the question are read."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.header("transfer-encoding") and incoming.json:
            wanted = ("model", "messages", "input", "stream")
            incoming.body = dump({name: incoming.json[name] for name in wanted if name in incoming.json})
        return await super().check(incoming)


@violates("http.content-encoding")
class CompressesForEverybody(Relay):
    """What the provider compressed is compressed for the client, too, whatever that takes."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        coded = response.provider.header("content-encoding") if response.provider else None
        if not coded or response.streamed:
            return response
        return replace(response, body=gzip.compress(response.body)).with_header("Content-Encoding", "gzip")


@violates("http.head")
class WritesBodiesOfErrors(Relay):
    """An error to a HEAD request has a body."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        if response.status >= 400 and response.incoming.method == "HEAD":
            response.incoming.method = "GET"
        return response


@violates("http.hop-by-hop")
class ComparesNamesExactly(Relay):
    """A client's `x-` headers go on unless Connection names them in the same letter case."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        named = (outgoing.incoming.header("connection") or "").replace(" ", "").split(",")
        for name, value in outgoing.incoming.headers:
            if name.lower().startswith("x-") and name.lower() != "x-api-key" and name.lower() not in named:
                outgoing = outgoing.with_header(name, value)
        return outgoing


@violates("http.hop-by-hop")
class PassesKeepAliveBack(Relay):
    """The provider's `Keep-Alive` and `Proxy-Authenticate` reach the client."""

    async def kept(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        hops = ("keep-alive", "proxy-authenticate", "proxy-connection")
        return [*await super().kept(headers), *(pair for pair in headers if pair[0].lower() in hops)]


@violates("http.keepalive")
class DropsConnectionsAfterErrors(Relay):
    """A connection is closed after an error, and nothing announces that."""

    async def _deliver(self, response: RelayedResponse) -> None:
        await super()._deliver(response)
        if response.status >= 400:
            response.incoming.exchange.abort()


@violates("http.large-headers")
class HangsUpOnLargeHeaders(Relay):
    """A request with a header of more than 16 KiB ends the connection."""

    async def authorize(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if any(len(value) > 16384 for _, value in incoming.headers):
            raise OverflowError
        return await super().authorize(incoming)


@violates("http.request-forms")
class RefusesQuotedCharsets(Relay):
    """A charset that isn't written `utf-8` is refused with 415."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        charset = (incoming.header("content-type") or "").partition("charset=")[2]
        if charset not in ("", "utf-8"):
            return refuse(incoming, 415, "Send UTF-8.", code="unsupported_media_type")
        return await super().check(incoming)


@violates("http.request-forms", on="chat.stream")
class StreamsForThoseWhoAccept(Relay):
    """A stream is sent compressed into one event for a client that accepts JSON alone."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        if incoming.streams and incoming.header("accept") == "application/json":
            return refuse(incoming, 406, "Streams are events.", code="not_acceptable")
        return await super().check(incoming)


@violates("http.request-id")
class HashesRequests(Relay):
    """The id of a response is a digest of the request, so equal requests have equal ids."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = response.incoming.path.encode() + response.incoming.body
        return response.with_header("x-request-id", hashlib.sha256(asked).hexdigest()[:32])


@violates("http.request-id")
class NamesNoErrors(Relay):
    """A provider's error, and a refused key, have no id."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        nameless = response.status == 401 or (response.status >= 400 and response.origin == "provider")
        return response.with_header("x-request-id", None) if nameless else response


@violates("http.traceparent")
class KeepsTracesOnConnections(Relay):
    """A request without a trace goes on in the trace of the request before it."""

    trace = ""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        given = outgoing.incoming.header("traceparent")
        self.trace = given or self.trace
        return outgoing.with_header("traceparent", self.trace) if self.trace else outgoing


@violates("http.traceparent")
class WritesTracesInCapitals(Relay):
    """The trace id goes upstream in capitals."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        given = outgoing.incoming.header("traceparent")
        return outgoing.with_header("traceparent", given.upper()) if given else outgoing


@violates("http.upstream-keepalive", everywhere=True)
class ConnectsAfterStreams(Relay):
    """After a stream, no connection to the provider is used again."""

    async def _forward(self, incoming: IncomingRequest) -> None:
        await super()._forward(incoming)
        if incoming.streams:
            self._provider.close()
