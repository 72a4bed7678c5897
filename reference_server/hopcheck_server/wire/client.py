"""A client connection that tells what really came: raw headers, body bytes as read, when, and how it ended.

There are no redirects, no retries, no cookies and no decompression: the judge of a proxy, and a proxy itself, need
to see those. A connection is used by one exchange at a time.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from typing import Self

import httptools

from hopcheck_server.wire.reader import ResponseReader
from hopcheck_server.wire.responses import Broken, ConnectFailed, Ended, Head, RawResponse

__all__ = ["Broken", "ClientConnection", "ConnectFailed", "Ended", "Head", "Pairs"]

Pairs = Iterable[tuple[str, str]]


class ClientConnection(ResponseReader):
    """One TCP (or TLS) connection to a server.

    Attributes:
        exchanges: How many requests were sent on it.
    """

    def __init__(self) -> None:
        """Made by `open`."""
        super().__init__()
        self.exchanges = 0
        self._deadline: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None = None, timeout_s: float = 10) -> Self:
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
            raise ConnectFailed(f"no connection to {host}:{port}: {_reason_of(error)}") from error
        return protocol

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
        self._answer = answer = RawResponse(bodiless=bodiless)
        self._limit_time(answer)
        self.exchanges += 1
        if self._lost is not None or self._transport is None:
            answer.ended = self._lost or "left"
            return time.monotonic_ns()
        await self.write(data)
        return time.monotonic_ns()

    def _limit_time(self, answer: RawResponse) -> None:
        self._forget_deadline()
        if (total_s := self.budget.total_s) is not None:
            self._deadline = asyncio.get_running_loop().call_later(total_s, self._expire, answer)

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self, answer: RawResponse) -> None:
        if answer is self._answer and not answer.complete and answer.ended is None:
            self._give_up("timeout", f"the response had not ended after {self.budget.total_s:g} s")

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

    def _current(self) -> RawResponse:
        if self._answer is None:
            raise RuntimeError("nothing was sent on this connection")
        return self._answer

    async def _more(self, answer: RawResponse, timeout_s: float | None) -> None:
        if answer.ended is not None:
            raise Broken(answer.ended, answer.detail)
        if not await self._news.wait(timeout_s):
            raise Broken("timeout", f"nothing came for {timeout_s:g} s")

    def give_up(self, detail: str) -> None:
        """Read no more of an answer of which there is too much; `detail` is a sentence that says of what."""
        self._give_up("too-large", detail)

    def close(self) -> None:
        """Close (FIN); what is still to be read is given up."""
        self._forget_deadline()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._forget_deadline()
        if self._transport is not None:
            self._transport.abort()


def _reason_of(error: OSError | UnicodeError) -> str:
    """An error in words that don't depend on the event loop."""
    if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)
    return (isinstance(error, OSError) and error.strerror) or str(error)
