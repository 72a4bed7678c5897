"""Pure ASGI middleware: a name for every request, an answer for every accident, and a limit to every body."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

from .errors import ClientGone, ProxyError, shutting_down
from .responses import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("hopcheck.proxy")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:\-]{1,128}\Z")


class RequestContext:
    """Outermost: gives the request its id, the response its `x-request-id`, and turns what nobody caught into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(scope, send).run(self._app, receive)


class _Exchange:
    """One request, from its name to its line in the log."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._status = 0
        self._started = time.perf_counter()
        self._id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = self._id

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self._scope, receive, self._send_named)
        except ClientGone:
            self._status = self._status or 499
        except asyncio.CancelledError:
            await self._say_goodbye(receive)
        except Exception as error:
            await self._excuse(error, receive)
        finally:
            self._write_line()

    async def _send_named(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(raw=message["headers"])
            headers["x-request-id"] = self._id
            headers.setdefault("cache-control", "no-store")
            message["headers"] = headers.raw
        await self._send(message)

    async def _say_goodbye(self, receive: Receive) -> None:
        """The server stops, and this request has had its time of grace."""
        if self._status:
            raise ProxyError(503, "The answer could not be completed.") from None
        await error_response(shutting_down())(self._scope, receive, self._send_named)

    async def _excuse(self, error: Exception, receive: Receive) -> None:
        """Log where it happened, without the exception's text: that may quote a key or a prompt."""
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s: unhandled %s\n%s", self._id, type(error).__name__, where)
        if self._status:
            # The head is out: all that is left is to break the connection, so that nobody takes this for a success.
            raise ProxyError(500, "The answer could not be completed.") from None
        failure = ProxyError(500, "The proxy failed to serve this request.", "internal_error")
        await error_response(failure)(self._scope, receive, self._send_named)

    def _write_line(self) -> None:
        if log.isEnabledFor(logging.INFO):
            duration_ms = (time.perf_counter() - self._started) * 1000
            path = ascii(self._scope["path"])
            log.info("%s %s %s %d %.1f ms", self._id, self._scope["method"], path, self._status, duration_ms)


def _request_id(scope: Scope) -> str:
    """The client's own `x-request-id` if it can be trusted in a header and a log; a new one otherwise."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(value):
            return str(value.decode("ascii"))
    return f"req_{uuid.uuid4().hex}"


class BodyLimit:
    """Refuses bodies larger than `limit` bytes with 413: by their declared length, or when they have grown so."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a body that can't exceed the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > self._limit:
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

        await self._app(scope, limited, send)

    def _too_large(self) -> ProxyError:
        return ProxyError(413, f"The request body exceeds {self._limit} bytes.", "request_too_large")


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


class Preflight:
    """Answers OPTIONS before anybody asks for a key: a browser sends none with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 204, without CORS headers: those are the CORS middleware's, if origins are allowed at all."""
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", b"GET, HEAD, POST, OPTIONS")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
