"""A client connection that tells what really came: raw headers, body bytes as read, when, and how it ended.

Parsing is httptools'. There are no redirects, no retries, no cookies and no decompression: whoever judges a proxy, or
is one, needs to see those. A connection is used by one exchange at a time.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Literal, cast

import httptools

Pairs = Iterable[tuple[str, str]]
Ended = Literal["complete", "cut", "reset", "garbled", "timeout", "left"]
"""How an answer ended: as its framing says; short of that (FIN); by a reset; not HTTP; not in time; we left."""


class ConnectFailed(Exception):
    """No connection could be made; the text says why."""


class Broken(Exception):
    """The answer did not come, or not to its end; `ended` says how."""

    def __init__(self, ended: Ended, detail: str = "") -> None:
        """Say how it ended, and what was seen."""
        super().__init__(f"{ended}: {detail}" if detail else ended)
        self.ended: Ended = ended


@dataclass(slots=True)
class Head:
    """An answer's head.

    Attributes:
        status: The status code.
        reason: The reason phrase.
        version: `1.0` or `1.1`.
        headers: As they came, in order and case.
        at_ns: When its last byte was read, CLOCK_MONOTONIC.
    """

    status: int = 0
    reason: str = ""
    version: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    at_ns: int = 0

    def all(self, name: str) -> list[str]:
        """Every header of that name (any case)."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next(iter(self.all(name)), None)


class _Answer:
    """What has been read of the current answer."""

    def __init__(self, *, bodiless: bool) -> None:
        self.head = Head()
        self.bodiless = bodiless
        self.headed = False
        self.complete = False
        self.until_close = False
        self.body: deque[tuple[int, bytes]] = deque()
        self.ended: Ended | None = None
        self.detail = ""


class Connection(asyncio.Protocol):
    """One TCP (or TLS) connection to a server.

    Attributes:
        exchanges: How many requests were sent on it.
        unasked: How many bytes, at least, came after a complete answer: the body of an answer that has none, say.
    """

    def __init__(self) -> None:
        """Made by `open`."""
        self._transport: asyncio.Transport | None = None
        self._answer: _Answer | None = None
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: Ended | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._now = 0
        self._reusable = True
        self.exchanges = 0
        self.unasked = 0

    @classmethod
    async def open(
        cls, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 10
    ) -> Connection:
        """Connect.

        Raises:
            ConnectFailed: Refused, unreachable, unknown host, no TLS, or not within `timeout_s`.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_s):
                _, protocol = await loop.create_connection(cls, host, port, ssl=tls)
        except TimeoutError:
            raise ConnectFailed(f"no connection to {host}:{port} within {timeout_s:g} s") from None
        except (OSError, UnicodeError) as error:  # a name that no host can have is a UnicodeError
            raise ConnectFailed(f"no connection to {host}:{port}: {_said(error)}") from error
        return protocol

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Note how it ended."""
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
        self._news.set()

    def _end(self, ended: Ended) -> None:
        if self._lost is None:
            self._lost = ended
        answer = self._answer
        if answer is not None and answer.ended is None and not answer.complete:
            if answer.until_close and ended == "cut":
                answer.complete = True
            else:
                answer.ended = ended
        self._news.set()
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
        """One header."""
        if self._answer is not None and not self._answer.complete:
            self._answer.head.headers.append((name.decode("latin-1"), value.decode("latin-1")))

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
            answer.body.append((self._now, data))

    def on_message_complete(self) -> None:
        """The framing says that this is all."""
        if self._answer is not None and self._answer.headed and not self._answer.complete:
            self._complete()

    def _complete(self) -> None:
        if self._answer is not None:
            self._answer.complete = True
            self._reusable = self._reusable and self._parser.should_keep_alive()

    # What a user calls.

    @property
    def reusable(self) -> bool:
        """Whether the next request may be sent: open, the last answer complete, and the server keeps the connection."""
        answer = self._answer
        between = answer is None or (answer.complete and not answer.until_close)
        return between and self._reusable and self._lost is None

    async def send(self, method: str, target: str, headers: Pairs, body: bytes = b"") -> int:
        """Send a request as it is given: nothing is added, so `headers` must hold Host and the body's framing.

        Returns:
            When the last byte was handed to the kernel or its queue, CLOCK_MONOTONIC ns.
        """
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        head = f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        return await self.send_raw(head + body, bodiless=method == "HEAD")

    async def send_raw(self, data: bytes, *, bodiless: bool = False) -> int:
        """Send any bytes, and expect one answer; `bodiless` says that it is one without a body (to HEAD)."""
        if self._answer is not None:
            self._parser = httptools.HttpResponseParser(self)
        self._answer = _Answer(bodiless=bodiless)
        self._news.clear()
        self.exchanges += 1
        if self._lost is not None or self._transport is None:
            self._answer.ended = self._lost or "left"
            return time.monotonic_ns()
        await self.write(data)
        return time.monotonic_ns()

    async def write(self, data: bytes) -> None:
        """Write bytes of a request that was begun with `send_raw`, and wait while the peer doesn't read."""
        if self._transport is not None and self._lost is None:
            self._transport.write(data)
            await self._writable.wait()

    async def head(self, timeout_s: float | None = None) -> Head:
        """Wait for the answer's head.

        Raises:
            Broken: It did not come.
        """
        answer = self._current()
        while not answer.headed:
            await self._more(answer, timeout_s)
        return answer.head

    async def chunks(self, idle_timeout_s: float | None = None) -> AsyncIterator[tuple[int, bytes]]:
        """Yield body bytes as they were read, each with its time.

        Raises:
            Broken: The body did not come to its end, or nothing came for `idle_timeout_s`.
        """
        answer = self._current()
        while True:
            while answer.body:
                yield answer.body.popleft()
            if answer.complete:
                return
            await self._more(answer, idle_timeout_s)

    def _current(self) -> _Answer:
        if self._answer is None:
            raise RuntimeError("nothing was sent on this connection")
        return self._answer

    async def _more(self, answer: _Answer, timeout_s: float | None) -> None:
        if answer.ended is not None:
            raise Broken(answer.ended, answer.detail)
        self._news.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            raise Broken("timeout", f"nothing came for {timeout_s:g} s") from None

    def close(self) -> None:
        """Close (FIN); what is still to be read is given up."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()


def _said(error: OSError | UnicodeError) -> str:
    """An error in words that don't depend on the event loop."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return (isinstance(error, OSError) and error.strerror) or str(error)
