"""The client for the provider: it makes one attempt, and returns a usable response or raises what went wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from hopcheck_contracts.sse import Event
from hopcheck_server.relay.errors import is_error
from hopcheck_server.relay.messages import Events, Failure, OutgoingRequest
from hopcheck_server.relay.streams import body_of, events_of
from hopcheck_server.wire.client import Broken, ClientConnection, ConnectFailed, Head
from hopcheck_server.wire.pool import Origin, Pool

UNREACHABLE = "http://127.0.0.1:1/v1"
"""An address where nothing listens."""

_LAST_BYTES_S = 0.05
"""The longest wait for the end of a stream's framing, after its last event."""


@dataclass(slots=True)
class ProviderResponse:
    """A provider's response: a body, or a stream whose first event has arrived.

    Attributes:
        head: Its head.
        body: The whole body, if it isn't a stream.
        events: The stream, first event included; None if it isn't one.
        connection: The connection of the stream.
    """

    head: Head
    body: bytes = b""
    events: Events | None = None
    connection: ClientConnection | None = None

    def close(self) -> None:
        """Drop the stream's connection, unless it was read to its end."""
        if self.connection is not None and not self.connection.reusable:
            self.connection.abort()


class ProviderClient:
    """Sends attempts to a provider, on pooled connections."""

    def __init__(self, url: str, parse: Callable[[AsyncIterator[bytes]], Events] = events_of) -> None:
        """`parse` turns bytes into events."""
        self.origin = Origin.of(url)
        self._parse = parse
        self._pool = Pool(self.origin)

    async def attempt(self, outgoing: OutgoingRequest, timeout_s: float) -> ProviderResponse:
        """Send one attempt; `timeout_s` holds for connecting, for the first byte and between reads.

        Raises:
            Failure: There was no usable response. A cancelled attempt drops its connection.
        """
        connection, head = await self._exchange(outgoing, timeout_s)
        try:
            body = body_of(connection, head, timeout_s)
            if head.status == 200 and (head.header("content-type") or "").startswith("text/event-stream"):
                return await self.streamed(outgoing, head, self._parse(body), connection)
            response = ProviderResponse(head, b"".join([data async for data in body]))
            self._pool.give(connection)
        except BaseException:
            connection.abort()
            raise
        return _checked(response, streams=outgoing.incoming.streams)

    async def streamed(
        self, outgoing: OutgoingRequest, head: Head, events: Events, connection: ClientConnection
    ) -> ProviderResponse:
        """A stream of the provider's, once its first event has arrived.

        Raises:
            Failure: Nobody asked for one, it begins with an error, or it ends before it began.
        """
        if not outgoing.incoming.streams:
            raise Failure("garbled", "the provider streamed a response that was asked for in one piece")
        return ProviderResponse(head, events=await begun(events), connection=connection)

    async def _exchange(self, outgoing: OutgoingRequest, timeout_s: float) -> tuple[ClientConnection, Head]:
        """Send on a pooled connection; one that turns out to be closed is replaced by a fresh one."""
        while True:
            try:
                connection = await self._pool.take(timeout_s=timeout_s)
            except ConnectFailed as error:
                raise Failure("connect", str(error)) from error
            used_before = connection.exchanges > 0
            try:
                return connection, await self._send(connection, outgoing, timeout_s)
            except Broken as broken:
                connection.abort()
                if broken.ended == "timeout":
                    raise Failure("timeout", "the provider did not answer in time") from broken
                if not used_before or broken.ended not in ("cut", "reset"):
                    raise Failure("cut", f"the provider's connection ended ({broken.ended})") from broken
            except BaseException:
                connection.abort()
                raise

    async def _send(self, connection: ClientConnection, outgoing: OutgoingRequest, timeout_s: float) -> Head:
        headers = (("Host", self.origin.authority), *outgoing.headers)
        if outgoing.body:
            headers = (*headers, ("Content-Length", str(len(outgoing.body))))
        target = self.origin.prefix + outgoing.path
        await connection.send(outgoing.incoming.method, target, headers, outgoing.body)
        return await connection.head(timeout_s)

    async def done(self, response: ProviderResponse) -> None:
        """Take a stream's connection back once its framing has ended; one that goes on is dropped."""
        connection = response.connection
        if connection is None:
            return
        try:
            async with asyncio.timeout(_LAST_BYTES_S):
                async for _ in connection.chunks():
                    pass
        except (Broken, TimeoutError):
            pass
        finally:
            response.close()
        self._pool.give(connection)

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()


async def begun(events: Events) -> Events:
    """Wait for the first data event; an error in its place, or an end before it, fails the attempt."""
    early: list[Event] = []
    async for event in events:
        early.append(event)
        if event.data is None or not event.data.strip():
            continue
        if is_error(event):
            raise Failure("error-event", "the provider's stream began with an error", body=event.data.encode())
        return _again(early, events)
    raise Failure("cut", "the provider's stream ended before it began")


async def _again(early: list[Event], rest: Events) -> AsyncIterator[Event]:
    for event in early:
        yield event
    async for event in rest:
        yield event


def _checked(response: ProviderResponse, *, streams: bool) -> ProviderResponse:
    if response.head.status >= 300:
        raise Failure("status", f"the provider answered {response.head.status}", response.head, response.body)
    try:
        payload = json.loads(response.body)
    except ValueError:
        payload = None
    if isinstance(payload, dict) and payload.get("error") and not payload.keys() & {"choices", "data", "output"}:
        raise Failure("error-event", "the provider's response is an error", body=response.body)
    is_usable = isinstance(payload, dict) and not streams
    if not is_usable:
        raise Failure(
            "garbled", "the provider's response is not of the form that was asked for", response.head, response.body
        )
    return response
