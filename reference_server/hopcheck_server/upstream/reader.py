"""Reads requests from a connection's bytes. Knows HTTP/1.1, by httptools; what becomes of a request is a subclass's."""

from __future__ import annotations

import asyncio
from time import monotonic_ns

import httptools

from hopcheck_server.upstream.journal.arrival import Arrival, RawHeaders, RequestHead

MAX_BODY = 64 * 1024 * 1024
"""Of a request, in bytes."""

HEADS_KEPT = 256
"""How many heads are remembered. A client on a kept-alive connection sends the same head over and over, and what it
says needs no parser then."""

_BLANK = b"\r\n\r\n"

Heads = dict[bytes, RequestHead]


class RequestReader(asyncio.Protocol):
    """The reading side of a connection.

    Attributes:
        closing: Whether nothing more is read.
        number: The connection's, unique within the upstream's life.
    """

    def __init__(self, number: int, heads: Heads) -> None:
        """Begin to read.

        Args:
            number: The connection's number.
            heads: Heads that are remembered, shared by all connections.
        """
        self.closing = False
        self.number = number
        self._heads = heads
        self._parser = httptools.HttpRequestParser(self)
        self._between = True  # whether all that was read were whole requests
        self._taken: Arrival | None = None  # the latest
        self._url = b""
        self._headers: RawHeaders = []
        self._body: list[bytes] = []
        self._size = 0
        self._method = b""
        self._offered: RawHeaders = []  # the headers of a request whose upgrade is declined
        self._expects = False

    def end(self) -> None:
        """Read nothing more: the connection is gone."""
        self.closing = True
        del self._parser  # which holds this in turn: else only a garbage collection would find both

    def take(self, arrival: Arrival, text: bytes) -> None:
        """Take a request.

        Args:
            arrival: The request.
            text: The bytes that it was read from, or nothing if they aren't at hand.
        """
        raise NotImplementedError

    def take_again(self, text: bytes, received_ns: int) -> bool:
        """Take these bytes, if they are a request that is known and can be taken at once; else say so."""
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
        if not self._between:
            self._parse(data)
            return
        now = monotonic_ns()
        if self.take_again(data, now):
            return
        end = data.find(_BLANK) + len(_BLANK)
        text = data[:end]
        head = self._heads.get(text)
        if head is not None and len(data) == end + head.length:
            self.take(Arrival(head, data[end:], self.number, now), data)
            return
        self._taken = None
        self._parse(data)
        self._remember(text, len(data))

    def _remember(self, text: bytes, size: int) -> None:
        """Keep a head if the bytes were it and a body as it is, and nothing else."""
        taken = self._taken
        if taken and self._between and size == len(text) + taken.head.length and not self._expects:
            if len(self._heads) >= HEADS_KEPT:
                self._heads.clear()
            self._heads[text] = taken.head

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:  # the mistake is ours: let the loop report it
            raise
        except httptools.HttpParserError:
            self.refuse(400)

    def _decline(self, rest: bytes) -> None:
        """Take a request that offers another protocol as if it didn't.

        The parser stops after its head, and would take its body for the other protocol's bytes. So another parser
        reads a head without the offer, and then goes on with what follows.
        """
        method, url, self._offered = self._method, self._url, self._headers
        self._parser, self._url, self._headers = httptools.HttpRequestParser(self), b"", []
        if method == b"CONNECT":  # not an offer, but a wish, and not for this server
            self.refuse(405)
            return
        kept = [pair for pair in self._offered if pair[0].lower() != b"upgrade"]
        lines = b"".join(b"%b: %b\r\n" % pair for pair in kept)
        self._parse(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (method, url, lines, rest))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._between = False
        self._expects = False

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Look whether the peer waits before it sends the body."""
        if self._offered:
            self._headers, self._offered = self._offered, []
        for name, value in self._headers:
            if len(name) == 6 and name.lower() == b"expect" and value.lower() == b"100-continue":
                self._expects = True
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
        parser, body = self._parser, self._body
        method = parser.get_method()
        if parser.should_upgrade():
            self._method = method
            return
        head = RequestHead(
            method,
            self._url,
            self._headers,
            keep_alive=parser.should_keep_alive(),
            http10=parser.get_http_version() == "1.0",
            length=self._size,
        )
        whole = body[0] if len(body) == 1 else b"".join(body)
        self._url, self._headers, self._body, self._size = b"", [], [], 0
        self._between = True
        if not self.closing:
            self._taken = arrival = Arrival(head, whole, self.number, monotonic_ns())
            self.take(arrival, b"")
