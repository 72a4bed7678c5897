"""Sends an adapter's responses: JSON unchanged, and streams event by event while the client is connected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from hopcheck_server.proxy.adapters.base import AdapterResponse, AdapterStream
from hopcheck_server.proxy.adapters.streams.upstream_stream import in_band
from hopcheck_server.proxy.disconnect import DisconnectWatch
from hopcheck_server.proxy.errors import ProxyError, shutting_down
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


def json_response(response: AdapterResponse) -> Response:
    """Make a complete response, with the adapter's bytes unchanged."""
    return Response(response.body, 200, dict(response.headers), "application/json")


def error_response(error: ProxyError) -> Response:
    """Make a response of an error."""
    current_notes().error = kind_of(error)
    return Response(error.encode(), error.status, error.headers, "application/json")


class EventStreamResponse(Response):
    """A stream: each block is sent when it arrives, and the upstream is released when the client disconnects."""

    def __init__(self, stream: AdapterStream) -> None:
        self.status_code = 200
        self.background = None
        self._stream = stream
        self.init_headers({**stream.headers, **STREAM_HEADERS})
        # Starlette has set the length of an empty body.
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream to its end, or until the client disconnects."""
        try:
            async with DisconnectWatch(receive):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for block in self._stream.blocks:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            # The server stops: an error in the stream shows that the response isn't complete.
            await send({"type": "http.response.body", "body": in_band(shutting_down()), "more_body": False})
        finally:
            await self._stream.aclose()
