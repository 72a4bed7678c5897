"""Reads the exchanges from the events of a pipe, with the chunks of the responses and how each exchange ended.

One reader a connection; it can be fed piece by piece, since connections outlive cases. What a server sends without end
takes no more memory than what fits into a cassette.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httptools

from hopcheck.cassettes.model import BODY_LIMIT, Framing
from hopcheck_server.wire.pipe import PipeEvent
from hopcheck_server.wire.responses import Ended

KEPT_BYTES = 2 * BODY_LIMIT
"""Of a body, before it is scrubbed: one that is longer than a cassette's is not saved."""

MAX_FRAMES = 20_000
MAX_FIELDS = 2_000
MAX_OVERHEAD_BYTES = 1024 * 1024
"""Of heads, chunk extensions and trailers, in one piece."""


@dataclass(slots=True)
class RecordedExchange:
    """A request and its response, as they passed. Times are CLOCK_MONOTONIC nanoseconds; 0 is not yet.

    Attributes:
        began_ns: When the request's first byte passed.
        asked_ns: When its last one did.
        head_ns: When the answer's head had passed.
        frames: (when it had passed, bytes) of each piece of the answer's body (see `Wire.frames`).
        ended: How it ended, or None while it is open.
    """

    began_ns: int
    method: str = ""
    target: str = ""
    request_headers: list[tuple[str, str]] = field(default_factory=list)
    request_body: bytearray = field(default_factory=bytearray)
    asked_ns: int = 0
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    head_ns: int = 0
    framing: Framing = "none"
    frames: list[tuple[int, int]] = field(default_factory=list)
    ended: Ended | None = None
    ended_ns: int = 0

    def end(self, how: Ended, at_ns: int) -> None:
        """Note the ending; the first one counts."""
        if self.ended is None:
            framed = sum(size for _, size in self.frames)
            if len(self.body) > framed:  # an incomplete chunk, or the one frame of an unchunked body
                self.frames.append((at_ns, len(self.body) - framed))
            self.ended, self.ended_ns = how, at_ns


class ConnectionReader:
    """Reads one connection's events.

    Attributes:
        exchanges: In the order of their requests; the caller takes them out.
    """

    def __init__(self) -> None:
        self.exchanges: list[RecordedExchange] = []
        self._waiting: list[RecordedExchange] = []
        self._request_reader = _RequestReader(self._begun)
        self._response_reader: _ResponseReader | None = None

    def feed(self, event: PipeEvent) -> None:
        """Read the next event."""
        if event.action != "data":
            self._end_all(event)
        elif event.side == "client":
            self._request_reader.feed(event)
        else:
            self._read_response(event)

    def _begun(self, exchange: RecordedExchange) -> None:
        self.exchanges.append(exchange)
        self._waiting.append(exchange)

    def _read_response(self, event: PipeEvent) -> None:
        if not self._waiting:  # bytes without a request
            return
        if self._response_reader is None:
            self._response_reader = _ResponseReader(self._waiting[0])
        self._response_reader.feed(event)
        if self._waiting[0].ended is not None:
            del self._waiting[0]
            self._response_reader = None

    def _end_all(self, event: PipeEvent) -> None:
        for exchange in self._waiting:
            until_close = exchange.framing == "close" and exchange.head_ns and event.action == "end"
            if event.side == "client":
                exchange.end("left", event.at_ns)
            elif event.action == "reset":
                exchange.end("reset", event.at_ns)
            else:
                exchange.end("complete" if until_close else "cut", event.at_ns)
        self._waiting.clear()
        self._response_reader = None


class _RequestReader:
    """Reads a client's side. The methods are what the parser calls."""

    def __init__(self, begun: Callable[[RecordedExchange], None]) -> None:
        self._begun = begun
        self._parser = httptools.HttpRequestParser(self)
        self._exchange = RecordedExchange(0)
        self._now = 0
        self._broken = False

    def feed(self, event: PipeEvent) -> None:
        self._now = event.at_ns
        if self._broken:
            return
        try:
            self._parser.feed_data(event.data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self._broken = True
            self._exchange.end("garbled", event.at_ns)

    def on_message_begin(self) -> None:
        self._exchange = RecordedExchange(self._now)
        self._begun(self._exchange)

    def on_url(self, url: bytes) -> None:
        self._exchange.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._exchange.request_body:  # else it is a trailer
            self._exchange.request_headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._exchange.method = self._parser.get_method().decode("latin-1")

    def on_body(self, data: bytes) -> None:
        if len(self._exchange.request_body) < KEPT_BYTES:
            self._exchange.request_body += data

    def on_message_complete(self) -> None:
        self._exchange.asked_ns = self._now


class _ResponseReader:
    """Reads the server's side of one exchange. The methods are what the parser calls."""

    def __init__(self, exchange: RecordedExchange) -> None:
        self._exchange = exchange
        self._parser = httptools.HttpResponseParser(self)
        self._now = 0
        self._size = 0
        self._overhead = 0

    def feed(self, event: PipeEvent) -> None:
        self._now = event.at_ns
        self._overhead += len(event.data)
        try:
            self._parser.feed_data(event.data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self._exchange.end("garbled", event.at_ns)
        if self._exchange.framing == "close" and self._size:
            self._frame()
        if self._overhead > MAX_OVERHEAD_BYTES:
            self._exchange.end("too-large", event.at_ns)

    def on_message_begin(self) -> None:
        if not self._exchange.head_ns:  # the fields so far are of an interim response
            self._exchange.headers, self._exchange.reason = [], ""

    def on_status(self, reason: bytes) -> None:
        if not self._exchange.head_ns:
            self._exchange.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._exchange.head_ns and self._exchange.ended is None:  # else it is a trailer, or too much
            self._exchange.headers.append((name.decode("latin-1"), value.decode("latin-1")))
        if len(self._exchange.headers) > MAX_FIELDS:
            self._exchange.end("too-large", self._now)

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._exchange.head_ns:
            return
        self._overhead = 0
        self._exchange.status, self._exchange.head_ns = status, self._now
        self._exchange.framing = _framing(self._exchange)
        if self._exchange.framing == "none":
            self._exchange.end("complete", self._now)

    def on_body(self, data: bytes) -> None:
        self._overhead = 0
        if self._exchange.ended is None and len(self._exchange.body) < KEPT_BYTES:
            self._exchange.body += data
            self._size += len(data)

    def on_chunk_complete(self) -> None:
        if self._size:
            self._frame()

    def on_message_complete(self) -> None:
        if self._exchange.head_ns:
            self._exchange.end("complete", self._now)

    def _frame(self) -> None:
        self._exchange.frames.append((self._now, self._size))
        self._size = 0
        if len(self._exchange.frames) > MAX_FRAMES:
            self._exchange.end("too-large", self._now)


def _framing(exchange: RecordedExchange) -> Framing:
    named = {name.lower(): value.lower() for name, value in exchange.headers}
    if exchange.method == "HEAD" or exchange.status in (204, 304):
        return "none"
    if "chunked" in named.get("transfer-encoding", ""):
        return "chunked"
    return "length" if "content-length" in named else "close"
