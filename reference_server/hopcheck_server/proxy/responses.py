"""Sends an adapter's responses: JSON unchanged, and streams event by event while the client is connected."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.responses import Response

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream
from hopcheck_server.proxy.disconnect import DisconnectWatch
from hopcheck_server.proxy.errors import ProxyError, shutting_down
from hopcheck_server.proxy.memory.budget import FEW_BYTES, held_now
from hopcheck_server.proxy.surfaces.surface import surface_of
from hopcheck_server.proxy.telemetry.kinds import kind_of
from hopcheck_server.proxy.telemetry.notes import current_notes

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    # Makes nginx and similar proxies pass events on without buffering.
    "x-accel-buffering": "no",
}


PIECE_BYTES = 64 * 1024
"""Of a large complete response: what is sent at once."""


class CompleteResponse(Response):
    """A response with a JSON body. Its header fields are encoded once, in one place, which Starlette's aren't."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/json"),
            *_encoded(headers),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a large one in pieces, each when the client has taken most of those before."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last = max(0, len(self.body) - 1) // PIECE_BYTES * PIECE_BYTES
        for at in range(0, last, PIECE_BYTES):
            await send({"type": "http.response.body", "body": self.body[at : at + PIECE_BYTES], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[last:], "more_body": False})


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def json_response(response: AdapterResponse) -> Response:
    """Make a complete response, with the adapter's bytes unchanged."""
    return CompleteResponse(response.body, 200, response.headers)


def response_of(response: AdapterResponse | AdapterStream) -> Response:
    """Make a response, complete or a stream."""
    return json_response(response) if isinstance(response, AdapterResponse) else EventStreamResponse(response)


class ErrorResponse(Response):
    """An error, in the shape of the surface that the request is for."""

    def __init__(self, error: ProxyError) -> None:
        self.status_code = error.status
        self.background = None
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        body = surface_of(scope["path"]).encode_error(self._error)
        await CompleteResponse(body, self.status_code, self._error.headers)(scope, receive, send)


def error_response(error: ProxyError) -> Response:
    """Make a response of an error."""
    current_notes().error = kind_of(error)
    return ErrorResponse(error.with_traceback(None))  # whose frames would keep the request's body


class EventStreamResponse(Response):
    """A stream: each block is sent when it arrives, and the upstream is released when the client disconnects."""

    def __init__(self, stream: AdapterStream) -> None:
        self.status_code = 200
        self.background = None
        self._stream = stream
        self.raw_headers = _encoded({**stream.headers, **STREAM_HEADERS})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream to its end, or until the client disconnects."""
        try:
            async with DisconnectWatch(receive):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._send_blocks(send)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            # The server stops: an error in the stream shows that the response isn't complete.
            await send(
                {"type": "http.response.body", "body": self._stream.in_band(shutting_down()), "more_body": False}
            )
        finally:
            await self._stream.aclose()

    async def _send_blocks(self, send: Send) -> None:
        """Send each block when the client has taken most of those before; the last two may wait for it."""
        held, before = held_now(), 0
        async for block in self._stream.blocks:
            size = len(block) if len(block) > FEW_BYTES else 0
            if size:
                held.count(size)
            await send({"type": "http.response.body", "body": block, "more_body": True})
            if before:
                held.free(before)
            before = size
