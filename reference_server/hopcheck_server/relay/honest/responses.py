"""Honest relays that differ in their responses."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from hopcheck_contracts.sse import Event, event_of
from hopcheck_server.relay.errors import refuse
from hopcheck_server.relay.messages import Events, Failure, IncomingRequest, OutgoingRequest, RelayedResponse
from hopcheck_server.relay.relay import Relay


class OtherKeyOrder(Relay):
    """Objects come back with their keys in another order."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        return response.with_json(_reversed(body)) if body is not None else response


class OneByteWrites(Relay):
    """A stream leaves byte by byte; of a long event only the beginning, since a megabyte would take seconds."""

    BYTES = 4096

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            beginning, rest = event.raw[: self.BYTES], event.raw[self.BYTES :]
            for byte in beginning:
                yield bytes([byte])
            if rest:
                yield rest


class CarriageReturns(Relay):
    """Lines of a stream end with CRLF."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            yield event.raw.replace(b"\n", b"\r\n")


class KeepAliveComments(Relay):
    """Comments stand between the events of a stream."""

    async def events(self, events: Events) -> Events:
        yield Event(b": connected\n\n", comments=("connected",))
        async for event in events:
            yield event
            if not event.is_done:
                yield Event(b": keep-alive\n\n", comments=("keep-alive",))


class NoSpaceAfterColon(Relay):
    """Data lines are written without the optional space."""

    async def frames(self, events: Events) -> AsyncIterator[bytes]:
        async for event in events:
            yield event.raw.replace(b"data: ", b"data:", 1)


class VendorFields(Relay):
    """Responses and chunks carry fields of the vendor's own."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        if not isinstance(body, dict) or "choices" not in body:
            return response
        return response.with_json({**body, "x_vendor": {"region": "eu", "cost": 0}})

    async def events(self, events: Events) -> Events:
        async for event in events:
            payload = event.json
            if isinstance(payload, dict) and not payload.get("error"):
                yield event_of({**payload, "x_vendor": {"region": "eu"}}, event.event)
            else:
                yield event


class ChunkedAnswers(Relay):
    """Complete responses are chunked instead of having a length."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response if response.streamed or response.framing == "none" else replace(response, framing="chunked")


class ClosesConnections(Relay):
    """Every response closes the connection."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        response.incoming.exchange.keep_alive = False
        return response


class OldProtocol(Relay):
    """Responses are HTTP/1.0: not chunked, and the end of the connection ends the body."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        framing = response.framing if response.framing == "none" else "close"
        return replace(response, version="1.0", framing=framing)


class Compresses(Relay):
    """Complete responses are compressed for clients that accept it."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        asked = response.incoming.header("accept-encoding") or ""
        if response.streamed or not response.body or "gzip" not in asked:
            return response
        return replace(response, body=gzip.compress(response.body)).with_header("Content-Encoding", "gzip")


class SaysBadRequest(Relay):
    """An unknown model is answered with 400 instead of 404, and so is what the provider can't find or process."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or refusal.status != 404 or b"model_not_found" not in refusal.body:
            return refusal
        return refuse(incoming, 400, f"Unknown model {incoming.model!r}.", code="model_not_found", param="model")

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        return replace(response, status=400) if failure.status in (404, 422) else response


class SaysUnprocessable(Relay):
    """Missing and wrong fields are answered with 422 instead of 400."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        wrong_field = refusal is not None and b"is missing, empty or of the wrong type" in refusal.body
        return replace(refusal, status=422) if refusal and wrong_field else refusal


class SaysNotFound(Relay):
    """A method that a path doesn't allow is answered with 404 instead of 405."""

    async def check(self, incoming: IncomingRequest) -> RelayedResponse | None:
        refusal = await super().check(incoming)
        if refusal is None or refusal.status != 405:
            return refusal
        return refuse(incoming, 404, "There is no such resource.", code="not_found")


class SaysBadGateway(Relay):
    """Server errors of the provider become a 502, and so does what it says of the relay's account or request.

    On Messages, whose clients wait for a 529, that one stays.
    """

    OWN = (402, 403, 405, 410, 415)

    async def failed(self, incoming: IncomingRequest, failure: Failure) -> RelayedResponse:
        response = await super().failed(incoming, failure)
        if incoming.is_anthropic and failure.status == 529:
            return response
        return replace(response, status=502) if failure.status >= 500 or failure.status in self.OWN else response


class Slower(Relay):
    """Everything takes 50 ms longer."""

    async def request(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        await asyncio.sleep(0.05)  # the delay is the difference
        return outgoing


class PrettyPrints(Relay):
    """JSON is indented, and non-ASCII characters are escaped."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        body = response.json
        if body is None or b"e+" in response.body or len(response.body) > 1_000_000:
            return response
        return replace(response, body=json.dumps(body, indent=2).encode())


class SendsHints(Relay):
    """Interim responses come before each response, as RFC 9110 15.2 lets any server send them."""

    HINTS = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </docs>; rel=preload\r\n\r\n"

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        exchange = response.incoming.exchange
        if exchange.version == "1.1":
            await exchange.raw(self.HINTS)
        return response


class MoreHeaders(Relay):
    """Responses carry additional headers."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        return response.with_header("Server", "relay").with_header("X-Content-Type-Options", "nosniff")


class PlainContentType(Relay):
    """Content types have other parameters, or none."""

    async def response(self, response: RelayedResponse) -> RelayedResponse:
        kind = response.header("content-type") or ""
        plain = "text/event-stream" if response.streamed else f"{kind}; charset=utf-8"
        return response.with_header("Content-Type", plain) if kind else response


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(item) for item in value] if isinstance(value, list) else value
