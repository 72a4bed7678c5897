"""The measuring client: one warm connection with blocking reads, and a time for each of them.

No event loop stands between the socket and the clock, and nothing else runs in the process meanwhile. It knows HTTP/1.1
(by httptools), and nothing of what the bytes of a body mean.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from functools import cache
from time import monotonic_ns

import httptools

from hopcheck_server.wire.pool import Origin

READ_BYTES = 256 * 1024

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""No more is read of one response, its head and framing included."""

MAX_FIELDS = 2_000
"""Header fields of one response, those of interim responses and trailers included."""


@dataclass(frozen=True, slots=True)
class ResponseBounds:
    """How long a response is waited for.

    Attributes:
        silence_s: How long connecting, and a silence, may last.
        total_s: When it must have ended, however it drips.
    """

    silence_s: float
    total_s: float


UNDER_LOAD = ResponseBounds(silence_s=60.0, total_s=120.0)
"""Requests may wait for a long time at a hop that is overloaded."""

AT_REST_S = 15.0
"""One request at a time: the longest response of a workload takes a fraction of a second, a first one some seconds."""


def bounds_at_rest(delay_s: float) -> ResponseBounds:
    """Return the bounds at rest, where the upstream waits for `delay_s` at most before it responds."""
    longest_s = AT_REST_S + delay_s
    return ResponseBounds(longest_s, longest_s)


@cache
def _tls_context() -> ssl.SSLContext:
    """Return the trusted certificates: loading them takes longer than a handshake, so it is done once."""
    return ssl.create_default_context()


class ExchangeFailed(Exception):
    """There is no response, or not all of one; the text says why."""


@dataclass(slots=True)
class TimedResponse:
    """A response with the times at which its parts arrived, in CLOCK_MONOTONIC nanoseconds.

    Attributes:
        sent_ns: When sending the request began.
        head_ns: When the read that completed the head returned.
        done_ns: When the read that completed the body returned.
        status: The status code.
        headers: The headers, with names in lower case.
        reads: The bytes of the body, each with the time at which the read that brought them returned.
        keep_alive: Whether the connection can be used again.
    """

    sent_ns: int = 0
    head_ns: int = 0
    done_ns: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    reads: list[tuple[int, bytes]] = field(default_factory=list)
    keep_alive: bool = True

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(data for _, data in self.reads)


class _TimedResponseReader:
    """Fills a response from its bytes; httptools calls the `on_` methods."""

    def __init__(self, response: TimedResponse) -> None:
        self.response = response
        self.complete = False
        self._now = self._fields = 0
        self._parts: list[bytes] = []  # of the body, by the read that is being parsed
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes, now: int) -> None:
        self._now = now
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise ConnectionError("the connection was switched to another protocol") from None
        if self._parts:  # several chunks of one read arrived at the same time
            self.response.reads.append((now, b"".join(self._parts)))
            self._parts = []
        if self._fields > MAX_FIELDS:
            raise ConnectionError(f"the response had more than {MAX_FIELDS} header fields and was not read further")

    def on_message_begin(self) -> None:
        self.response.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields += 1
        self.response.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.response.status = self._parser.get_status_code()
        self.response.head_ns = self._now

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)

    def on_message_complete(self) -> None:
        if self.response.status >= 200:
            self.complete = True
            self.response.done_ns = self._now
            self.response.keep_alive = self._parser.should_keep_alive()


class MeasuringConnection:
    """A connection to an origin that is kept open between exchanges.

    Attributes:
        origin: The scheme, host and port.
        opened: How many connections have been opened so far.
    """

    def __init__(self, origin: Origin, bounds: ResponseBounds = UNDER_LOAD) -> None:
        """Open nothing yet."""
        self.origin = origin
        self.opened = 0
        self._bounds = bounds
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """Open the connection unless it is open, so that no exchange has to wait for that.

        Raises:
            ExchangeFailed: The server can't be reached.
        """
        if self._socket is not None and self._is_dropped(self._socket):
            self.close()
        if self._socket is None:
            try:
                self._socket = self._open()
            except OSError as error:
                why = f"no connection to {self.origin.authority}: {error.strerror or error}"
                raise ExchangeFailed(why) from error
            self.opened += 1

    def _open(self) -> socket.socket:
        opened = socket.create_connection((self.origin.host, self.origin.port), self._bounds.silence_s)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.origin.scheme == "https":
            opened = _tls_context().wrap_socket(opened, server_hostname=self.origin.host)
        return opened

    @staticmethod
    def _is_dropped(connection: socket.socket) -> bool:
        """Whether the server has closed the connection, or has sent something without a request."""
        timeout = connection.gettimeout()
        connection.setblocking(False)
        try:
            connection.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(timeout)
        return True

    def exchange(self, message: bytes) -> TimedResponse:
        """Send a request and read the whole response. Call `connect` first.

        Raises:
            ExchangeFailed: There is no response, or not all of one; the connection is closed then.
        """
        assert self._socket is not None, "connect first"
        reader = _TimedResponseReader(TimedResponse())
        try:
            self._send_and_read(self._socket, message, reader)
        except TimeoutError as error:
            self.close()
            raise ExchangeFailed(f"nothing came for {self._bounds.silence_s:g} s") from error
        except (OSError, httptools.HttpParserError) as error:
            self.close()
            raise ExchangeFailed(str(error) or type(error).__name__) from error
        if not reader.response.keep_alive:
            self.close()
        return reader.response

    def _send_and_read(self, connection: socket.socket, message: bytes, reader: _TimedResponseReader) -> None:
        reader.response.sent_ns = monotonic_ns()
        connection.sendall(message)
        left = MAX_RESPONSE_BYTES
        while not reader.complete:
            data = connection.recv(READ_BYTES)
            now = monotonic_ns()
            if not data:
                raise ConnectionError("the connection ended before the response did")
            reader.feed(data, now)
            left -= len(data)
            if left < 0:
                raise ConnectionError(f"the response exceeded {MAX_RESPONSE_BYTES >> 20} MiB and was not read further")
            if not reader.complete and now - reader.response.sent_ns > self._bounds.total_s * 1e9:
                raise ConnectionError(f"the response had not ended after {self._bounds.total_s:g} s")

    def close(self) -> None:
        """Close the connection if it is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
