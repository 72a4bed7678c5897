"""ASGI middleware: request ids, responses to unhandled exceptions, a way around FastAPI, and OPTIONS."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from hopcheck_server.proxy.adapters.headers import trace_headers
from hopcheck_server.proxy.drain import Drain
from hopcheck_server.proxy.errors import ClientDisconnected, ProxyError, shutting_down
from hopcheck_server.proxy.redaction import Redactor
from hopcheck_server.proxy.responses import error_response
from hopcheck_server.proxy.telemetry.kinds import OTHER, route_of
from hopcheck_server.proxy.telemetry.log import line_of
from hopcheck_server.proxy.telemetry.metrics import CANCELLED_STATUS, Metrics, RequestEnd
from hopcheck_server.proxy.telemetry.notes import begin_notes
from hopcheck_server.proxy.telemetry.traces import NO_TRACE, Traces, no_traces

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("hopcheck.proxy")

Endpoint = Callable[[Request], Awaitable[Response]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:\-]{1,128}\Z")


class RequestContext:
    """The outermost middleware: request ids, the metrics and the log line of each request, and 500 for exceptions.

    Args:
        app: The application behind it.
        metrics: Counts every request.
        redactor: Masks keys in the log's paths.
        drain: Whether this process stops, and connections are to be closed.
        traces: Begins the trace of each request.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, redactor: Redactor, drain: Drain, traces: Traces = no_traces
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._redactor = redactor
        self._drain = drain
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _ServedRequest(scope, send, route_of(scope["path"]), self._drain)
        trace = self._traces(exchange.route, _trace_context(scope)) if self._traces is not no_traces else NO_TRACE
        exchange.notes.trace = trace.headers
        self._metrics.begin(exchange.route)
        try:
            await exchange.run(self._app, receive)
        finally:
            ended = exchange.ended()
            self._metrics.end(exchange.route, ended)
            trace.end(ended)
            if log.isEnabledFor(logging.INFO):
                self._write_line(exchange, ended)

    def _write_line(self, exchange: _ServedRequest, ended: RequestEnd) -> None:
        """Log a request's path and its end, but none of its content."""
        method, path = exchange.scope["method"], exchange.route
        if path == OTHER:
            path = ascii(self._redactor.text(exchange.scope["path"])[:200])
        fields = line_of(ended) | {"request_id": exchange.id, "method": method, "path": path}
        duration_ms = ended.duration_s * 1000
        words = (exchange.id, method, path, ended.status, duration_ms)
        log.info("%s %s %s %d %.1f ms", *words, extra={"request": fields})


class _ServedRequest:
    """One request, from its id to its end."""

    def __init__(self, scope: Scope, send: Send, route: str, drain: Drain) -> None:
        self.scope = scope
        self._drain = drain
        self.route = route
        self.id = _request_id(scope)
        self._send = send
        self._status = 0
        self._streamed = self._cancelled = False
        self._first_s: float | None = None
        self._started = time.perf_counter()
        self.notes = begin_notes()
        scope.setdefault("state", {})["request_id"] = self.id

    def ended(self) -> RequestEnd:
        """Return how the request ended."""
        duration_s = time.perf_counter() - self._started
        return RequestEnd(self._status, duration_s, self._first_s, self._streamed, self._cancelled, self.notes)

    async def run(self, app: ASGIApp, receive: Receive) -> None:
        try:
            await app(self.scope, receive, self._send_named)
        except ClientDisconnected:
            self._cancelled = True
            self._status = self._status or CANCELLED_STATUS
        except asyncio.CancelledError:
            await self._refuse_while_stopping(receive)
        except Exception as error:
            await self._answer_exception(error, receive)

    async def _send_named(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message["headers"])
            names = dict(headers)
            if b"cache-control" not in names:
                headers.append((b"cache-control", b"no-store"))
            if self._drain.begun and b"connection" not in names:
                headers.append((b"connection", b"close"))
            headers.append((b"x-request-id", self.id.encode()))
            headers += self._timing()
            message["headers"] = headers
            self._streamed = names.get(b"content-type", b"").startswith(b"text/event-stream")
        elif self._first_s is None and message.get("body"):
            self._first_s = time.perf_counter() - self._started
        await self._send(message)

    def _timing(self) -> list[tuple[bytes, bytes]]:
        """Return how long the proxy and its upstream took until now, as `Server-Timing`; none without an upstream."""
        notes, so_far_s = self.notes, time.perf_counter() - self._started
        if not notes.upstream_s:
            return []
        own_s = max(0.0, so_far_s - notes.upstream_s - notes.client_s)
        return [(b"server-timing", b"proxy;dur=%.3f, upstream;dur=%.3f" % (own_s * 1e3, notes.upstream_s * 1e3))]

    async def _refuse_while_stopping(self, receive: Receive) -> None:
        """Answer a request that isn't done after the grace period of a stopping server."""
        if self._status:
            raise ProxyError(503, "The answer could not be completed.") from None
        await error_response(shutting_down())(self.scope, receive, self._send_named)

    async def _answer_exception(self, error: Exception, receive: Receive) -> None:
        """Log the place of an exception, without its text, which may quote a key or a prompt; answer 500."""
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s: unhandled %s\n%s", self.id, type(error).__name__, where)
        if self._status:
            # The head has been sent: only breaking the connection shows that this isn't a success.
            raise ProxyError(500, "The answer could not be completed.") from None
        failure = ProxyError(500, "The proxy failed to serve this request.", "internal_error")
        await error_response(failure)(self.scope, receive, self._send_named)


def _trace_context(scope: Scope) -> dict[str, str]:
    return trace_headers({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})


def _request_id(scope: Scope) -> str:
    """Return the client's own `x-request-id` if it is safe in a header and a log; a new one otherwise."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(value):
            return str(value.decode("ascii"))
    return f"req_{uuid.uuid4().hex}"


class Shortcut:
    """Calls the endpoints of the busiest paths directly: of FastAPI's work around an endpoint they need none.

    Args:
        app: The application with all routes; it answers every other path and method.
        endpoints: The functions that answer a POST, by path.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await endpoint(Request(scope, receive, send))
        except ProxyError as error:
            response = error_response(error)
        await response(scope, receive, send)


class Preflight:
    """Answers OPTIONS before the key is checked: a browser sends none with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 204 without CORS headers: the CORS middleware adds those, if origins are allowed."""
        if scope["type"] != "http" or scope["method"] != "OPTIONS":
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", b"GET, HEAD, POST, DELETE, OPTIONS")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
