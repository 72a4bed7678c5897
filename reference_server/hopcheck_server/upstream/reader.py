"""Reads requests from a connection's bytes. Knows HTTP/1.1, by httptools; what becomes of a request is a subclass's."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

import httptools

from hopcheck_server.upstream.arrival import Arrival

MAX_BODY = 64 * 1024 * 1024
"""Of a request, in bytes."""


class RequestReader(asyncio.Protocol):
    """The reading side of a connection.

    Attributes:
        parser: The parser; while a request is being taken, it knows that request's version and keep-alive.
        closing: Whether nothing more is read.
    """

    def __init__(self, number: int) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.closing = False
        self._number = number
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0

    def take(self, arrival: Arrival) -> None:
        """Take a request."""
        raise NotImplementedError

    def refuse(self, status: int) -> None:
        """Answer what is no request, or too large a one, and close."""
        raise NotImplementedError

    def expected(self) -> None:
        """The peer sends its body only when it is told to go on."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        """Read bytes of requests."""
        if self.closing:
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # an offer, which is declined by answering as usual
            self.parser = httptools.HttpRequestParser(self)
            if rest := data[upgrade.args[0] :]:
                self.data_received(rest)
        except httptools.HttpParserCallbackError:  # the mistake is ours: let the loop report it
            raise
        except httptools.HttpParserError:
            self.refuse(400)

    # What the parser calls.

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Look whether the peer waits before it sends the body."""
        for name, value in self._headers:
            if len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue":
                self.expected()

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._size += len(data)
        if self._size <= MAX_BODY:
            self._body.append(data)
        elif not self.closing:
            self._body.clear()
            self.refuse(413)

    def on_message_complete(self) -> None:
        """Hand the request on."""
        body = self._body
        arrival = Arrival(
            self.parser.get_method(),
            self._url,
            self._headers,
            body[0] if len(body) == 1 else b"".join(body),
            self._number,
            monotonic_ns(),
        )
        self._url, self._headers, self._body, self._size = b"", [], [], 0
        if not self.closing:
            self.take(arrival)
