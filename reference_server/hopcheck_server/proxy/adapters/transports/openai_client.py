"""The alternative transport: one pooled `AsyncOpenAI` client, for those who want the official client on the way.

It costs several times the processor time of the default one, and more with each connection that is open (see
docs/performance.md).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast

import httpx2
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, AsyncStream, Omit
from openai.types.chat import ChatCompletionChunk

from hopcheck_server.proxy.adapters.transports.base import (
    KEEPALIVE_S,
    BrokenOff,
    Destination,
    Method,
    PoolExhausted,
    TimedOut,
    TransportError,
    TransportLimits,
    Unreachable,
)
from hopcheck_server.proxy.telemetry.notes import Waiting


def _name_failure(error: BaseException) -> TransportError:
    """Translate an exception of the client."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) else error
    if isinstance(cause, httpx2.PoolTimeout):
        return PoolExhausted()
    if isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)):
        return Unreachable()
    if isinstance(cause, httpx2.TimeoutException) or isinstance(error, APITimeoutError):
        return TimedOut()
    return BrokenOff()


class OpenAIResponse:
    """An httpx2 response, read chunk by chunk."""

    def __init__(self, response: httpx2.Response) -> None:
        self._response = response
        self._chunks = response.aiter_bytes()
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

    async def read(self, limit_s: float) -> bytes:
        """See `UpstreamResponse`."""
        try:
            async with asyncio.timeout(limit_s):
                return await anext(self._chunks, b"")
        except TimeoutError:
            raise TimedOut from None
        except (httpx2.HTTPError, httpx2.StreamError, ssl.SSLError) as error:
            raise _name_failure(error) from None

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body isn't complete."""
        await self._response.aclose()


class _TimedTransport(httpx2.AsyncHTTPTransport):
    """Measures the wait for the upstream, without the time that the client above it takes."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        with Waiting():
            return await super().handle_async_request(request)


class AsyncOpenAITransport:
    """`Transport` over one `AsyncOpenAI` client, which neither retries, follows redirects, nor keeps cookies.

    Args:
        destination: The server.
        limits: Of its pool.
    """

    def __init__(self, destination: Destination, limits: TransportLimits) -> None:
        timeout = httpx2.Timeout(None, connect=limits.connect_s, pool=limits.connect_s)
        pool = httpx2.Limits(
            max_connections=limits.connections, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE_S
        )
        # Otherwise one user's cookie would be sent with another user's request.
        jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        transport = _TimedTransport(limits=pool)
        http = httpx2.AsyncClient(timeout=timeout, transport=transport, cookies=jar, follow_redirects=False)
        self._client = AsyncOpenAI(
            api_key="unused", base_url=destination.root, max_retries=0, timeout=timeout, http_client=http
        )
        self._headers: dict[str, str | Omit] = {
            # The client would take these two from the environment of this process.
            "OpenAI-Organization": Omit(),
            "OpenAI-Project": Omit(),
            # Each request brings its own, or none.
            "Authorization": Omit(),
            "Accept-Encoding": "identity",
            "User-Agent": destination.agent,
        }

    async def send(
        self, method: Method, path: str, content: bytes | None, headers: Mapping[str, str], limit_s: float
    ) -> OpenAIResponse:
        """Send the request once; no status raises an exception."""
        # The client takes names that differ in case for different fields.
        own = {"User-Agent" if name == "user-agent" else name: value for name, value in headers.items()}
        options: dict[str, Any] = {"headers": {**self._headers, **own}, "follow_redirects": False}
        try:
            async with asyncio.timeout(limit_s):
                return OpenAIResponse(await self._request(method, path, content, options))
        except TimeoutError:
            raise TimedOut from None
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
        if method == "DELETE":  # which the client never streams
            return await self._client.delete(path, cast_to=httpx2.Response, options=how["options"])
        call = self._client.get(path, **how) if method == "GET" else self._client.post(path, content=content, **how)
        return cast("httpx2.Response", await call)

    async def aclose(self) -> None:
        """Close the client and its pool."""
        await self._client.close()
