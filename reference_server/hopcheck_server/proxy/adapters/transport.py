"""Sends bytes to the upstream and receives bytes, over one pooled `AsyncOpenAI` client.

It handles connections and timeouts, and doesn't parse the bytes: another client can replace it by implementing
`Transport`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal, Protocol, cast

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, Omit
from openai.types.chat import ChatCompletionChunk

from hopcheck_server.proxy.telemetry.notes import Waiting

Method = Literal["GET", "POST"]

# Shorter than the 5 s after which common servers (uvicorn, LiteLLM's among them) close an idle connection: a
# request that meets that close is lost, and nothing here may be sent twice.
KEEPALIVE_S = 4.0


class TransportError(Exception):
    """The exchange with the upstream failed below HTTP."""


class Unreachable(TransportError):
    """No connection could be made, so the request was not sent."""


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

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, content coding removed. Raises TransportError."""

    async def aclose(self) -> None:
        """End the exchange; if the body is incomplete, its connection is closed at once."""


class Transport(Protocol):
    """Sends one request, once."""

    async def send(
        self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Send a request and wait for the head of the response, of any status. Raises TransportError."""

    async def aclose(self) -> None:
        """Close all connections."""


def _name_failure(error: BaseException) -> TransportError:
    """Translate an exception of the client."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) else error
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)):
        return Unreachable()
    if isinstance(cause, httpx2.TimeoutException) or isinstance(error, APITimeoutError):
        return TimedOut()
    return BrokenOff()


class OpenAIResponse:
    """An httpx2 response, read chunk by chunk."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        # A plain dictionary: httpx2 decodes its own anew at every access.
        self._headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw
        }

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields, lower case; of a repeated one the last."""
        return self._headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives: one item for each HTTP chunk, content coding removed."""
        try:
            async for chunk in self._response.aiter_bytes():
                yield chunk
        except (httpx2.HTTPError, httpx2.StreamError, ssl.SSLError) as error:
            raise _name_failure(error) from None

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body isn't complete."""
        await self._response.aclose()


@dataclass(frozen=True)
class TransportLimits:
    """The timeouts and the size of the pool."""

    connect_s: float
    read_s: float
    connections: int


class _TimedTransport(httpx2.AsyncHTTPTransport):
    """Measures the wait for the upstream, without the time that the client above it takes."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with Waiting():
            return await super().handle_async_request(request)


class AsyncOpenAITransport:
    """`Transport` over one `AsyncOpenAI` client, which neither retries, follows redirects, nor keeps cookies.

    Args:
        base_url: Ends in `/v1`.
        api_key: Sent as Bearer key; "" sends none.
        limits: Timeouts and the size of the pool.
        headers: Sent with every request.
    """

    def __init__(
        self, base_url: str, api_key: str, limits: TransportLimits, headers: Mapping[str, str] | None = None
    ) -> None:
        timeout = httpx2.Timeout(limits.read_s, connect=limits.connect_s, pool=limits.connect_s)
        pool = httpx2.Limits(
            max_connections=limits.connections, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE_S
        )
        # Otherwise one user's cookie would be sent with another user's request.
        jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        transport = _TimedTransport(limits=pool)
        http = httpx2.AsyncClient(timeout=timeout, transport=transport, cookies=jar, follow_redirects=False)
        self._client = AsyncOpenAI(
            api_key=api_key or "unused", base_url=base_url, max_retries=0, timeout=timeout, http_client=http
        )
        self._headers: dict[str, str | Omit] = {
            # The client would take these two from the environment of this process.
            "OpenAI-Organization": Omit(),
            "OpenAI-Project": Omit(),
            "Accept-Encoding": "identity",
            **(headers or {}),
        }
        if not api_key:
            self._headers["Authorization"] = Omit()

    async def send(
        self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str]
    ) -> UpstreamResponse:
        """Send the request once; no status raises an exception."""
        options: dict[str, Any] = {"headers": {**self._headers, **headers}, "follow_redirects": False}
        try:
            return OpenAIResponse(await self._request(method, path, content, options))
        except APIStatusError as error:
            return OpenAIResponse(error.response)
        except (APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
            raise _name_failure(error) from None

    async def _request(
        self, method: Method, path: str, content: bytes | None, options: dict[str, Any]
    ) -> httpx2.Response:
        # With `cast_to` a response class the client hands over the response itself, unread and unparsed.
        how: dict[str, Any] = {
            "cast_to": httpx2.Response,
            "options": options,
            "stream": True,
            "stream_cls": AsyncStream[ChatCompletionChunk],
        }
        call = self._client.get(path, **how) if method == "GET" else self._client.post(path, content=content, **how)
        return cast("httpx2.Response", await call)

    async def aclose(self) -> None:
        """Close the client and its pool."""
        await self._client.close()
