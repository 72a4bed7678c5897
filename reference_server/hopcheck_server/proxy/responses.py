"""Sends what an adapter answered: JSON as it came, and streams event by event while the client is there."""

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
    # Tells nginx and its kin not to collect events before they pass them on.
    "x-accel-buffering": "no",
}


def json_response(answer: AdapterResponse) -> Response:
    """A complete answer, its bytes unchanged."""
    return Response(answer.body, 200, dict(answer.headers), "application/json")


def error_response(error: ProxyError) -> Response:
    """An error, with its status."""
    current_notes().error = kind_of(error)
    return Response(error.encode(), error.status, error.headers, "application/json")


class EventStreamResponse(Response):
    """A stream: each piece is sent when it is there, and the upstream is let go of when the client hangs up."""

    def __init__(self, answer: AdapterStream) -> None:
        self.status_code = 200
        self.background = None
        self._answer = answer
        self.init_headers({**answer.headers, **STREAM_HEADERS})
        # Its length is not known, and an empty body's length is not it.
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the stream to its end, or to the client's."""
        try:
            async with DisconnectWatch(receive):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async for block in self._answer.blocks:
                    await send({"type": "http.response.body", "body": block, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except asyncio.CancelledError:
            # The server stops: say so in the stream, lest its end be taken for the answer's.
            await send({"type": "http.response.body", "body": in_band(shutting_down()), "more_body": False})
        finally:
            await self._answer.aclose()
