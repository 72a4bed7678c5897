"""A scripted upstream in LiteLLM's place: requests with certain markers are forwarded to it, byte for byte.

The proxy sends them to the same address with the same key, and can tell the difference only by the response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from hopcheck.client.providers.nonces import numbered_nonces
from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.exchange import ServerExchange

_STEM = "s"
_FRAMING = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})


def scripted_nonces(provider: str = "") -> Iterator[str]:
    """Nonces of markers that the scripted upstream answers; those on cassettes have another first letter."""
    return numbered_nonces(_STEM, provider)


def is_scripted(marker: Marker | None) -> bool:
    """Whether a marker's requests go to the scripted upstream."""
    return marker is not None and marker.nonce.startswith(_STEM)


async def forward(exchange: ServerExchange, upstream: Upstream) -> None:
    """Forward a request on a connection of its own, and end the proxy's connection as the upstream ends that.

    Raises:
        PeerLeft: The proxy left; the upstream's connection is aborted, too.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    exchange.on_gone = writer.transport.abort  # which ends the reading, too
    try:
        writer.write(_request(exchange))
        while data := await reader.read(65536):
            await exchange.raw(data)
    except ConnectionError:
        exchange.reset()
    else:
        exchange.abort()
    finally:
        writer.transport.abort()


def _request(exchange: ServerExchange) -> bytes:
    """The bytes of the request, for a connection that serves no other."""
    kept = [(name, value) for name, value in exchange.headers if name.lower() not in _FRAMING]
    framing = [("connection", "close"), *([("content-length", str(len(exchange.body)))] if exchange.body else [])]
    lines = (f"{name}: {value}" for name, value in (*kept, *framing))
    head = "\r\n".join([f"{exchange.method} {exchange.target} HTTP/1.1", *lines, "", ""])
    return head.encode("latin-1") + exchange.body
