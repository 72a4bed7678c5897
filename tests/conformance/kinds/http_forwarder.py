"""A reverse proxy that reads HTTP and nothing below it, as nginx does: for tests of what such a gateway owes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self

from hopcheck_server.wire.client import ClientConnection
from hopcheck_server.wire.exchange import PeerLeft, ServerExchange
from hopcheck_server.wire.pool import Origin, Pool
from hopcheck_server.wire.responses import Broken, ConnectFailed, Head
from hopcheck_server.wire.server import Server
from hopcheck_server.wire.tasks import Closing

PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
FRAMING = frozenset({"transfer-encoding", "content-length"})
HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"})


class HttpForwarder(Closing):
    """Passes requests and responses on, without the fields of one connection; its own errors are HTML pages."""

    def __init__(self, origin: Origin) -> None:
        self._pool = Pool(origin)
        self._server = Server(self._serve)

    async def start(self) -> Self:
        """Listen on a free port."""
        await self._server.start()
        return self

    @property
    def port(self) -> int:
        return self._server.port

    async def aclose(self) -> None:
        """Stop listening, and close idle connections."""
        await self._server.aclose()
        self._pool.close()

    async def _serve(self, exchange: ServerExchange) -> None:
        work = asyncio.ensure_future(self._forward(exchange))
        exchange.on_gone = work.cancel
        await asyncio.wait({work})

    async def _forward(self, exchange: ServerExchange) -> None:
        connection: ClientConnection | None = None
        try:
            connection, head = await self._begun(exchange)
            await self._passed_back(exchange, connection, head)
            self._pool.give(connection)
        except (Broken, ConnectFailed, PeerLeft) as failed:
            await self._failed(exchange, failed)
        finally:
            if connection is not None and not connection.reusable:
                connection.abort()

    async def _begun(self, exchange: ServerExchange) -> tuple[ClientConnection, Head]:
        connection = await self._pool.take()
        try:
            body = exchange.body
            length = [("Content-Length", str(len(body)))] if body or exchange.method == "POST" else []
            fields = [*end_to_end(exchange.headers, FRAMING), *length]
            await connection.send(exchange.method, exchange.target, fields, body)
            return connection, await connection.head(10)
        except BaseException:
            connection.abort()
            raise

    async def _passed_back(self, exchange: ServerExchange, connection: ClientConnection, head: Head) -> None:
        is_whole = head.header("content-length") is not None or exchange.method == "HEAD"
        left_out = frozenset({"transfer-encoding"}) if is_whole else FRAMING
        try:
            await exchange.start(head.status, end_to_end(head.headers, left_out), "length" if is_whole else "chunked")
            async for _, data in connection.chunks():
                await exchange.write(data)
            await exchange.finish()
        except Broken:
            connection.abort()
            exchange.abort()

    async def _failed(self, exchange: ServerExchange, failed: Exception) -> None:
        if not isinstance(failed, PeerLeft):
            await exchange.respond(502, "text/html", PAGE)


def end_to_end(headers: Iterable[tuple[str, str]], left_out: frozenset[str]) -> list[tuple[str, str]]:
    """The fields that aren't of one connection (RFC 9110 7.6.1), nor among those."""
    fields = list(headers)
    named = {
        option.strip().lower() for name, value in fields if name.lower() == "connection" for option in value.split(",")
    }
    return [(name, value) for name, value in fields if name.lower() not in HOP_BY_HOP | named | left_out]
