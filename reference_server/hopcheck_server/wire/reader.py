"""The reading side of a client's connection. Parsing is httptools'."""

from __future__ import annotations

import asyncio
import time
from typing import cast

import httptools

from hopcheck_server.wire.responses import Ended, Head, RawResponse, ReadingBudget
from hopcheck_server.wire.timer import News


class ResponseReader(asyncio.BaseProtocol):
    """Reads one answer at a time.

    Attributes:
        budget: How much of an answer is read.
        unasked: How many bytes, at least, came after a complete answer: the body of an answer that has none, say.
    """

    def __init__(self) -> None:
        """Not connected yet."""
        self._transport: asyncio.Transport | None = None
        self._answer: RawResponse | None = None
        self._news = News()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: Ended | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._now = 0
        self._parts: list[bytes] = []  # of the body, by the read that is being parsed
        self._reusable = True
        self.unasked = 0
        self.budget = ReadingBudget()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Note how it ended."""
        self._news.close()
        self._end("reset" if isinstance(error, ConnectionError) else "cut")

    def eof_received(self) -> bool:
        """Note the server's FIN; the transport then closes."""
        self._end("cut")
        return False

    def pause_writing(self) -> None:
        """Let `send` wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let `send` go on."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        self._now = time.monotonic_ns()
        answer = self._answer
        if answer is None or answer.complete:
            self._unasked(data)
            return
        answer.read_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError as error:
            if answer.complete:
                self._unasked(b"?")
            else:
                answer.detail = f"{error} in {data[:60]!r}"
                self._end("garbled")
        if self._parts:
            self._keep(answer, self._parts)
            self._parts = []
        if (excess := self.budget.excess(answer)) and answer.ended is None:
            self._give_up("too-large", excess)
        self._news.announce()

    def _keep(self, answer: RawResponse, parts: list[bytes]) -> None:
        """Chunks stay apart, as they were sent; only those beyond the budget that came in one read are joined."""
        answer.reads += 1
        if self.budget.pieces is not None and answer.pieces + len(parts) > self.budget.pieces:
            parts = [b"".join(parts)]
        answer.pieces += len(parts)
        answer.body.extend([(self._now, part) for part in parts])

    def _give_up(self, ended: Ended, detail: str) -> None:
        """End an answer of which no more is read."""
        answer, self._reusable = self._answer, False
        if answer is not None:
            answer.complete, answer.detail = False, detail
            self._end(ended)
        if self._transport is not None:
            self._transport.abort()

    def _end(self, ended: Ended) -> None:
        if self._lost is None:
            self._lost = ended
        answer = self._answer
        if answer is not None and answer.ended is None and not answer.complete:
            if answer.until_close and ended == "cut":
                answer.complete = True
            else:
                answer.ended = ended
        self._news.announce()
        self._writable.set()

    def _unasked(self, data: bytes) -> None:
        self._reusable = False
        self.unasked += len(data)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A head begins; where the answer is complete already, it is one that nobody asked for."""
        if self._answer is not None and not self._answer.complete:
            self._answer.head = Head()
        else:
            self._unasked(b"?")

    def on_status(self, reason: bytes) -> None:
        """The reason phrase (may come in pieces)."""
        if self._answer is not None and not self._answer.complete:
            self._answer.head.reason += reason.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; white space around its value is no part of it (RFC 9112, section 5)."""
        if self._answer is not None and not self._answer.complete:
            self._answer.fields += 1
            if self._answer.fields <= self.budget.fields:  # of one read, there may be thousands more
                self._answer.head.headers.append((name.decode("latin-1"), value.strip(b" \t").decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is there; interim answers (1xx) are passed over."""
        answer = self._answer
        status = self._parser.get_status_code()
        if answer is None or answer.complete or status < 200:
            return
        head = answer.head
        head.status, head.version, head.at_ns = status, self._parser.get_http_version(), self._now
        answer.headed = True
        framed = head.header("content-length") is not None or head.header("transfer-encoding") is not None
        answer.bodiless = answer.bodiless or status in (204, 304)
        answer.until_close = not framed and not answer.bodiless
        if answer.bodiless:
            self._complete()

    def on_body(self, data: bytes) -> None:
        """Body bytes, without their framing."""
        answer = self._answer
        if answer is not None and answer.complete:
            self._unasked(data)
        elif answer is not None and answer.headed:
            self._parts.append(data)
            answer.body_bytes += len(data)

    def on_message_complete(self) -> None:
        """The framing says that this is all."""
        if self._answer is not None and self._answer.headed and not self._answer.complete:
            self._complete()

    def _complete(self) -> None:
        if self._answer is not None:
            self._answer.complete = True
            self._reusable = self._reusable and self._parser.should_keep_alive()
