"""The default transport: hopcheck's own HTTP/1.1 client on httptools, without anything that a relay doesn't need."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

from hopcheck_server.proxy.adapters.transports.base import (
    BrokenOff,
    Destination,
    Method,
    TimedOut,
    TransportLimits,
)
from hopcheck_server.proxy.adapters.transports.connection import UpstreamConnection
from hopcheck_server.proxy.adapters.transports.pool import ConnectionPool
from hopcheck_server.proxy.memory.budget import UNCOUNTED, held_now
from hopcheck_server.proxy.telemetry.notes import Waiting
from hopcheck_server.wire.client import Broken
from hopcheck_server.wire.pool import Origin
from hopcheck_server.wire.responses import Head

MAX_INFLATED_BYTES = 256 * 1024
"""Of one read, when an upstream compresses though it was asked not to; the rest follows with the next reads."""

MAX_JOINED_BYTES = 64 * 1024
"""Up to here head and body are sent in one write; a larger body isn't copied for it."""

_ANY_ZLIB = 47
"""zlib's window bits for gzip and zlib alike."""


class RawTransport:
    """`Transport` over raw connections: no retries, no redirects, no cookies, no proxies of the environment.

    Args:
        destination: The server.
        limits: Of its pool.
    """

    def __init__(self, destination: Destination, limits: TransportLimits) -> None:
        origin = Origin.of(destination.root)
        self._prefix = origin.prefix
        self._pool = ConnectionPool(origin, limits)
        self._fields = _fixed_fields(origin.authority)
        self._agent = {"user-agent": destination.agent}

    async def send(
        self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> RawUpstreamResponse:
        """Send the request once; no status raises an exception."""
        head = self._head(method, path, content, headers)
        with Waiting():
            try:
                async with asyncio.timeout(limit_s):
                    return await self._exchange(head, content or b"")
            except TimeoutError:
                raise TimedOut from None

    async def _exchange(self, head: bytes, content: bytes) -> RawUpstreamResponse:
        connection = await self._pool.take()
        connection.held = held_now()
        try:
            if len(content) <= MAX_JOINED_BYTES:
                await connection.send_raw(head + content)
            else:
                await connection.send_raw(head)
                await connection.write(content)
            return RawUpstreamResponse(connection, self._pool, await connection.head())
        except BaseException as error:
            connection.held = UNCOUNTED
            self._pool.give(connection)
            if isinstance(error, Broken):
                raise BrokenOff from None
            raise

    def _head(self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str]) -> bytes:
        own = "".join([f"{name}: {value}\r\n" for name, value in {**self._agent, **headers}.items()])
        framing = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if content is not None else ""
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._fields}{framing}{own}\r\n"
        return head.encode("latin-1")

    async def aclose(self) -> None:
        """Close the idle connections; those in use are closed with their responses."""
        self._pool.close()


def _fixed_fields(authority: str) -> str:
    fields = {"Host": authority, "Accept": "*/*", "Accept-Encoding": "identity"}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items())


class RawUpstreamResponse:
    """A response on a connection of the pool."""

    def __init__(self, connection: UpstreamConnection, pool: ConnectionPool, head: Head) -> None:
        self.status = head.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in head.headers}
        self._connection: UpstreamConnection | None = connection
        self._pool = pool
        self._inflater = _inflater(self.headers.get("content-encoding", ""))

    async def read(self, limit_s: float) -> bytes:
        """See `UpstreamResponse`."""
        if self._connection is None:
            return b""
        if self._inflater is None:
            return await self._connection.read(limit_s)
        return await self._inflated(self._connection, self._inflater, limit_s)

    async def _inflated(self, connection: UpstreamConnection, inflater: zlib._Decompress, limit_s: float) -> bytes:
        while True:
            coded = inflater.unconsumed_tail or await connection.read(limit_s)
            try:
                plain = inflater.decompress(coded, MAX_INFLATED_BYTES)
            except zlib.error:
                raise BrokenOff from None
            if plain:
                return plain
            if not coded:
                return self._end_of(inflater)

    def _end_of(self, inflater: zlib._Decompress) -> bytes:
        if not inflater.eof:
            raise BrokenOff
        return b""

    async def aclose(self) -> None:
        """Give the connection back to its pool, which closes it if the body isn't complete."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.held = UNCOUNTED
            self._pool.give(connection)


def _inflater(coding: str) -> zlib._Decompress | None:
    """Return a decompressor where the response is compressed; other codings than these weren't accepted either."""
    return zlib.decompressobj(_ANY_ZLIB) if coding.strip().lower() in ("gzip", "x-gzip", "deflate") else None
