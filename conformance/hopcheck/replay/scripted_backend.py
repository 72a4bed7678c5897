"""LiteLLM's seat, given to a scripted upstream: requests of certain markers are passed on to it, byte for byte.

The proxy notices nothing of that but the answer: it asks the same address, with the same key.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

from hopcheck_server.upstream.script.marker import Marker
from hopcheck_server.upstream.server import Upstream
from hopcheck_server.wire.exchange import ServerExchange

_STEM = "s"
_FRAMING = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})


def seat_nonces() -> Iterator[str]:
    """The nonces of markers that the scripted upstream answers; those on cassettes begin otherwise."""
    return (f"{_STEM}{count:x}" for count in itertools.count())


def is_seated(marker: Marker | None) -> bool:
    """Whether a marker's requests are the scripted upstream's to answer."""
    return marker is not None and marker.nonce.startswith(_STEM)


async def pass_on(exchange: ServerExchange, upstream: Upstream) -> None:
    """Let the upstream answer, on a connection of its own, and end the proxy's as it ends that.

    Raises:
        PeerLeft: The proxy left; the upstream sees that, too.
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
    """The request as it came, on a connection that serves no other."""
    kept = [(name, value) for name, value in exchange.headers if name.lower() not in _FRAMING]
    framing = [("connection", "close"), *([("content-length", str(len(exchange.body)))] if exchange.body else [])]
    lines = (f"{name}: {value}" for name, value in (*kept, *framing))
    head = "\r\n".join([f"{exchange.method} {exchange.target} HTTP/1.1", *lines, "", ""])
    return head.encode("latin-1") + exchange.body
