"""The measuring client: one warm connection, blocking reads, a time for each of them.

No event loop stands between the socket and the clock, and nothing else runs in the process meanwhile. Knows HTTP/1.1 by
httptools; what the bytes of a body say is read later, by others.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field
from functools import cache
from time import monotonic_ns

import httptools

from hopcheck_server.wire.pool import Origin

READ_SIZE = 256 * 1024
TIMEOUT_S = 60.0
"""How long a server may be silent, in seconds."""


@cache
def _tls() -> ssl.SSLContext:
    """What is trusted: read once, since that takes longer than a handshake."""
    return ssl.create_default_context()


class ExchangeFailed(Exception):
    """No answer came, or not to its end; the text says why."""


@dataclass(slots=True)
class TimedResponse:
    """An answer, and when it came. Times are CLOCK_MONOTONIC nanoseconds.

    Attributes:
        sent_ns: When sending the request began.
        head_ns: When the read that completed the head returned.
        done_ns: When the read that completed the body returned.
        status: The status code.
        headers: As they came; names in lower case.
        reads: The body's bytes, each with the time at which the read that brought them returned.
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


class _ResponseReader:
    """Takes an answer's bytes; httptools calls the `on_` methods."""

    def __init__(self, answer: TimedResponse) -> None:
        self.answer = answer
        self.complete = False
        self._now = 0
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes, now: int) -> None:
        self._now = now
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self.answer.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.answer.status = self._parser.get_status_code()
        self.answer.head_ns = self._now

    def on_body(self, data: bytes) -> None:
        reads = self.answer.reads
        if reads and reads[-1][0] == self._now:  # several chunks of one read came at the same time
            reads[-1] = (self._now, reads[-1][1] + data)
        else:
            reads.append((self._now, data))

    def on_message_complete(self) -> None:
        if self.answer.status >= 200:
            self.complete = True
            self.answer.done_ns = self._now
            self.answer.keep_alive = self._parser.should_keep_alive()


class MeasuringConnection:
    """A connection that is kept warm.

    Attributes:
        origin: Where it goes.
        opened: How many connections have been made so far.
    """

    def __init__(self, origin: Origin, timeout_s: float = TIMEOUT_S) -> None:
        """Open nothing yet."""
        self.origin = origin
        self.opened = 0
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """See to it that it is open, so that no request pays for that.

        Raises:
            ExchangeFailed: It can't be.
        """
        if self._socket is not None and self._dropped(self._socket):
            self.close()
        if self._socket is None:
            try:
                self._socket = self._open()
            except OSError as error:
                raise ExchangeFailed(f"no connection to {self.origin.authority}: {error.strerror or error}") from error
            self.opened += 1

    def _open(self) -> socket.socket:
        made = socket.create_connection((self.origin.host, self.origin.port), self._timeout_s)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.origin.scheme == "https":
            made = _tls().wrap_socket(made, server_hostname=self.origin.host)
        return made

    @staticmethod
    def _dropped(connection: socket.socket) -> bool:
        """Whether the server has closed it, or sent what nobody asked for."""
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

    def ask(self, message: bytes) -> TimedResponse:
        """Send a request and read its answer to the end. Call `connect` first.

        Raises:
            ExchangeFailed: No answer came, or not to its end; the connection is closed then.
        """
        assert self._socket is not None, "connect first"
        answer = TimedResponse()
        reader = _ResponseReader(answer)
        try:
            self._exchange(self._socket, message, reader)
        except (OSError, httptools.HttpParserError) as error:
            self.close()
            raise ExchangeFailed(str(error) or type(error).__name__) from error
        if not answer.keep_alive:
            self.close()
        return answer

    def _exchange(self, connection: socket.socket, message: bytes, reader: _ResponseReader) -> None:
        reader.answer.sent_ns = monotonic_ns()
        connection.sendall(message)
        while not reader.complete:
            data = connection.recv(READ_SIZE)
            now = monotonic_ns()
            if not data:
                raise ConnectionError("the connection ended before the answer did")
            reader.feed(data, now)

    def close(self) -> None:
        """Close."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
