"""Where a server is, and idle connections to it."""

from __future__ import annotations

import ssl
from collections import deque
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hopcheck_server.wire.client import ClientConnection

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server is: scheme, host and port of its URL, and the path before everything (no slash at the end)."""

    scheme: str
    host: str
    port: int
    prefix: str

    @classmethod
    def of(cls, url: str) -> Origin:
        """Read a URL.

        Raises:
            ValueError: It is not http or https, or names no host.
        """
        parts: SplitResult = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is not a URL like http://127.0.0.1:4000/v1")
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """What stands in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    async def connect(self, *, timeout_s: float = 10) -> ClientConnection:
        """Open a connection (see `ClientConnection.open`)."""
        tls = ssl.create_default_context() if self.scheme == "https" else None
        return await ClientConnection.open(self.host, self.port, tls=tls, timeout_s=timeout_s)


class Pool:
    """Idle connections to one origin, handed out again, latest first."""

    def __init__(self, origin: Origin) -> None:
        """Start empty."""
        self.origin = origin
        self._idle: deque[ClientConnection] = deque()

    async def take(self, *, timeout_s: float = 10) -> ClientConnection:
        """Take an idle connection that is still good, or open one (see `ClientConnection.open`)."""
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
            connection.abort()
        return await self.origin.connect(timeout_s=timeout_s)

    def give(self, connection: ClientConnection) -> None:
        """Give a connection back; one that can't be used again is closed."""
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().abort()
