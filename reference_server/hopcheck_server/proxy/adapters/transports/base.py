"""The interface of transports: what the adapters need of an HTTP client, and its errors.

A transport handles connections and timeouts, and doesn't parse bodies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Method = Literal["GET", "POST", "DELETE"]

KEEPALIVE_S = 4.0
"""How long a connection may be idle. Common servers (uvicorn, LiteLLM's among them) close theirs after 5 s: a request
that meets that close is lost, and nothing here may be sent twice."""


class TransportError(Exception):
    """The exchange with the upstream failed below HTTP."""


class Unreachable(TransportError):
    """No connection could be made, so the request was not sent."""


class PoolExhausted(TransportError):
    """All connections are in use, and none became free in time; the request was not sent."""


class TimedOut(TransportError):
    """The upstream was silent for too long."""


class BrokenOff(TransportError):
    """The connection ended before the response did, or carried no HTTP."""


class UpstreamResponse(Protocol):
    """A response whose head has arrived."""

    @property
    def status(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields; names in lower case."""

    async def read(self, limit_s: float) -> bytes:
        """Return the bytes that have arrived, content coding removed, or wait for the next ones; b"" at the end.

        Raises:
            TransportError: TimedOut after `limit_s` seconds without any.
        """

    async def aclose(self) -> None:
        """End the exchange; if the body is incomplete, its connection is closed at once."""


class Transport(Protocol):
    """Sends one request, once."""

    async def send(
        self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> UpstreamResponse:
        """Send a request and wait for the head of the response, of any status.

        Args:
            method: GET, POST or DELETE.
            path: From the server's root, such as `/v1/models`.
            content: A JSON body, or None.
            headers: Further header fields, the credential among them.
            limit_s: Seconds for all of it.

        Raises:
            TransportError: There is none.
        """

    async def aclose(self) -> None:
        """Close all connections."""


@dataclass(frozen=True)
class TransportLimits:
    """What a transport may take: seconds for a connection, and how many of them at the same time."""

    connect_s: float
    connections: int


@dataclass(frozen=True)
class Destination:
    """Where a transport sends its requests, and under which name.

    Attributes:
        root: The server's address, without `/v1`.
        agent: The User-Agent.
    """

    root: str
    agent: str = "llm-proxy"
