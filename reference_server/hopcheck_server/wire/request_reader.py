"""Reads requests from a connection's bytes, and hands on each that is complete. Parsing is httptools'."""

from __future__ import annotations

import asyncio

import httptools

from hopcheck_server.wire.headers import WHITE_SPACE, Fields

MAX_BODY_BYTES = 64 * 1024 * 1024
"""A request with a larger body is refused with 413, and the connection is closed."""

MAX_OVERHEAD_BYTES = 1024 * 1024
"""Of a request's head, chunk extensions and trailers; with more it is refused with 431."""

_CHUNK_BYTES = 12  # around one byte of a body, at most, where no extensions are


class RequestReader(asyncio.Protocol):
    """The reading side of a server's connection.

    Attributes:
        closing: Whether nothing more is read.
    """

    def __init__(self) -> None:
        """Begin between two requests."""
        self.closing = False
        self._parser = httptools.HttpRequestParser(self)
        self._method = b""
        self._target = b""
        self._fields: Fields = []
        self._body: list[bytes] = []
        self._body_bytes = self._read_bytes = 0  # of the request that is being read
        self._has_new_head = False  # whether a head has come of which the body hasn't been asked for
        self._declined: Fields | None = None  # the header fields of a request whose upgrade is declined

    def on_request(self, method: str, target: str, fields: Fields, body: bytes, version: str, keep_alive: bool) -> None:
        """Take a complete request (see `ServerExchange`)."""
        raise NotImplementedError

    def refuse(self, status: int) -> None:
        """Answer what is no request, or too large a one, and close."""
        raise NotImplementedError

    def on_expectation(self) -> None:
        """Let a client go on that waits for `100 Continue` before it sends the body."""
        raise NotImplementedError

    def stop_reading(self) -> None:
        """Let go of the parser, which refers to this connection: no garbage collection is needed to free the two."""
        self.closing = True
        del self._parser

    def parse(self, data: bytes) -> None:
        """Parse what was read."""
        if self.closing:
            return
        self._read_bytes += len(data)
        try:
            self._parser.feed_data(data)
            if self._has_new_head:
                self._has_new_head = False
                self._ask_for_body()
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:  # a mistake of this server's: the event loop reports it
            raise
        except httptools.HttpParserError:
            self.refuse(400)
        else:
            if self._read_bytes > MAX_OVERHEAD_BYTES and self._has_much_overhead and not self.closing:
                self.refuse(431)

    @property
    def _has_much_overhead(self) -> bool:
        return self._read_bytes - self._body_bytes * (1 + _CHUNK_BYTES) > MAX_OVERHEAD_BYTES

    def _decline_upgrade(self, rest: bytes) -> None:
        """Serve a request that offers another protocol as if it didn't.

        The parser stops after its head, and would take its body for the other protocol's bytes. So another parser
        reads the head without the offer, and then goes on with the rest.
        """
        method, target, fields = self._method, self._target, self._fields
        self._parser, self._target, self._fields = httptools.HttpRequestParser(self), b"", []
        if method == b"CONNECT":  # not an offer: the client wants a tunnel
            self.refuse(405)
            return
        self._declined = fields
        lines = b"".join(b"%b: %b\r\n" % field for field in fields if field[0].lower() != b"upgrade")
        self.parse(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, target, lines, rest))

    # What the parser calls.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Note the method; most bodies have come with the head, and needn't be asked for."""
        self._method = self._parser.get_method()
        self._has_new_head = True
        if self._declined is not None:
            self._fields, self._declined = self._declined, None

    def _ask_for_body(self) -> None:
        """Let a careful client go on with its body."""
        for name, value in self._fields:
            if name.lower() == b"expect" and value.strip(WHITE_SPACE).lower() == b"100-continue":
                self.on_expectation()

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._body_bytes += len(data)
        if self._body_bytes <= MAX_BODY_BYTES:
            self._body.append(data)
        elif not self.closing:
            self._body.clear()
            self.refuse(413)

    def on_message_complete(self) -> None:
        """Hand the request on."""
        parser = self._parser
        if parser.should_upgrade():
            return
        method, target, fields, parts = self._method, self._target, self._fields, self._body
        self._method, self._target, self._fields, self._body, self._body_bytes = b"", b"", [], [], 0
        self._read_bytes = 0
        self._has_new_head = False
        if not self.closing:
            self.on_request(
                method.decode(),
                target.decode("latin-1"),
                fields,
                parts[0] if len(parts) == 1 else b"".join(parts),
                parser.get_http_version(),
                parser.should_keep_alive(),
            )
