"""The proxy's side towards its clients: uvicorn's protocol, with bounds on what a client without a key may take.

A head has a size, a number of fields and a time; what waits for a client has a time; connections have a number. Errors
of this layer have the usual shape.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hopcheck_server.proxy.edge.limits import (
    MAX_HEAD_BYTES,
    MAX_HEAD_FIELDS,
    MAX_PIPELINED,
    MAX_UNSENT_BYTES,
    EdgeLimits,
    UnreadTimer,
)
from hopcheck_server.proxy.edge.refusals import head_too_large, too_many_connections
from hopcheck_server.proxy.errors import ProxyError, bad_request
from hopcheck_server.proxy.surfaces.surface import surface_of

LINGER_S = 0.25
"""For a request that is on its way on an idle connection when the listener closes (it is served, and then closed), and
for a client that still sends what has been refused."""


class EdgeProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds, errors of the usual shape, and a stop that loses no request."""

    def __init__(self, *args: Any, limits: EdgeLimits, **options: Any) -> None:
        """Made by uvicorn for each connection."""
        super().__init__(*args, **options)
        self._limits = limits
        self._is_stopping = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0  # of the head that is being read
        self._in_head = True  # or before the first one
        self._resumes = False  # a parser repeats a head without its upgrade, to read the body
        self._refusal: ProxyError | None = None
        self._is_refused = False

    # Connections.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        self._unread = UnreadTimer(transport, self._limits.send_timeout_s)
        if len(self.connections) <= self._limits.max_clients:
            self._expect_head()
        elif self._limits.waiting:
            next(iter(self._limits.waiting)).give_way()
            self._expect_head()
        else:
            self._answer(too_many_connections())

    def give_way(self) -> None:
        """Close, as another client has a request, and this one has sent nothing, or half a head."""
        self._stop_timer()
        if self._head_bytes:
            self._answer(too_many_connections())
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers."""
        self._stop_timer()
        self._unread.stop()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close when what goes on has ended; an idle connection in a moment."""
        self._is_stopping = True
        if self._is_idle:
            self.loop.call_later(LINGER_S, self._close_if_idle)
        else:
            super().shutdown()

    @property
    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle:
            self.transport.close()

    # What waits for the client.

    def pause_writing(self) -> None:
        """Wait for a client that is slow to take what is sent to it."""
        super().pause_writing()
        self._unread.start()

    def resume_writing(self) -> None:
        """Go on: it has taken most of it."""
        self._unread.stop()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """Go on to the next request, while the end of this response may still wait for the client."""
        self._unread.start()
        super().on_response_complete()

    # Heads.

    def _expect_head(self) -> None:
        self._stop_timer()
        self._in_head, self._head_bytes = True, 0
        self._head_timer = self.loop.call_later(self._limits.head_timeout_s, self._on_head_timeout)
        self._limits.waiting[self] = None

    def _stop_timer(self) -> None:
        self._limits.waiting.pop(self, None)
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        if self._head_bytes:
            self._answer(ProxyError(408, "The request's head did not arrive in time.", "request_timeout"))
        else:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Parse what was read."""
        if self._is_refused or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._is_refused:
                self.send_400_response("Invalid HTTP request received.")
        else:
            if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
                self._answer(head_too_large())

    def _decline_upgrade(self, rest: bytes) -> None:
        """Serve a request that offers another protocol as if it didn't: another parser reads its body."""
        if self.scope["method"] == "CONNECT":
            self.send_400_response("CONNECT is not supported.")
            return
        framing = [field for field in self.headers if field[0] in (b"content-length", b"transfer-encoding")]
        head = b"".join(b"%b: %b\r\n" % field for field in framing)
        self.parser = httptools.HttpRequestParser(self)
        self._resumes = True
        self.data_received(b"POST / HTTP/1.1\r\nHost: h\r\n%b\r\n%b" % (head, rest))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request; the time for its head begins now, unless it has begun with the connection."""
        if self._resumes:
            return
        if self._head_timer is None:
            self._expect_head()
            self._head_bytes = 1
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        if not self._resumes:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field, unless there are too many."""
        if self._resumes:
            return
        super().on_header(name, value)
        if len(self.headers) > MAX_HEAD_FIELDS:
            self._refuse(head_too_large())

    def on_headers_complete(self) -> None:
        """Check the head, and start its answer."""
        self._stop_timer()
        self._in_head = False
        if self._resumes:
            self._resumes = False
            return
        self._check_head()
        if len(self.pipeline) >= MAX_PIPELINED:
            self._take_no_more()
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False
        if self.scope["http_version"] == "1.0":  # such a client knows no chunks: the body ends with the connection
            self.cycle.chunked_encoding = False
            self.cycle.expected_content_length = cast(int, _AnyLength())

    def on_message_complete(self) -> None:
        """Note that the body is there; where an upgrade was offered, it is still to come."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _take_no_more(self) -> None:
        """End the parsing, and the connection with the answer to the last request before this one."""
        self.cycle.keep_alive = False
        self._is_refused = True
        raise bad_request("There are too many requests at once.")

    def _check_head(self) -> None:
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(head_too_large())
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() != "1.0"):
            self._refuse(bad_request("A request must have exactly one Host field."))
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and [value.strip().lower() for value in codings] != [b"chunked"]:
            self._refuse(bad_request("The only transfer coding that is supported is 'chunked'."))

    # Refusals.

    def _refuse(self, error: ProxyError) -> None:
        """End the parsing; `send_400_response` is called then."""
        self._refusal = error
        raise error

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or one that has been found too large."""
        self._answer(self._refusal or bad_request(msg))

    def _answer(self, error: ProxyError) -> None:
        self._stop_timer()
        path = getattr(self, "url", b"").partition(b"?")[0].decode("latin-1")
        body = surface_of(path).encode_error(error)
        fields = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**error.headers, **fields}.items())
        if self._is_idle:  # otherwise another response is being written
            head = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n{lines}\r\n"
            self.transport.write(head.encode() + body)
            self.transport.write_eof()
            self._unread.start()
        # What the client still sends is read for a moment: closed at once, the connection would be reset, and the
        # client lose the response.
        self._is_refused = True
        self.loop.call_later(LINGER_S, self.transport.close)


class _AnyLength:
    """The length of a body that nobody knows: uvicorn subtracts what was sent, and finds nothing missing."""

    def __lt__(self, _: object) -> bool:
        return False

    def __sub__(self, _: object) -> _AnyLength:
        return self

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]
