"""ASGI middleware that bounds what a request holds: its body's size, and its part of the budget of all requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.memory.budget import ByteBudget, begin_holding
from hopcheck_server.proxy.responses import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Refuses bodies larger than `limit` bytes with 413: by their declared length, or while they are read.

    What a request holds of the budget is given back when its response has been sent.
    """

    def __init__(self, app: ASGIApp, limit: int, budget: ByteBudget) -> None:
        self._app = app
        self._limit = limit
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a body that can't exceed the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if declared_length(scope) > self._limit:
            await error_response(self._too_large())(scope, receive, send)
            return
        size = 0

        async def limited() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._limit:
                raise self._too_large()
            return message

        held = begin_holding(self._budget)
        try:
            await self._app(scope, limited, send)
        finally:
            held.release()

    def _too_large(self) -> ProxyError:
        return ProxyError(413, f"The request body exceeds {self._limit} bytes.", "request_too_large")


def declared_length(scope: Scope) -> int:
    """Return the length that a request's head gives its body; 0 for none."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
