"""The interface between the routes and what answers them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hopcheck_server.proxy.adapters.transports.base import Method
from hopcheck_server.proxy.errors import ProxyError
from hopcheck_server.proxy.json_text import parse
from hopcheck_server.proxy.surfaces.surface import ClientSurface


@dataclass(frozen=True, slots=True)
class Call:
    """A client's request, checked, with its bytes.

    Attributes:
        surface: The API that the client speaks.
        path: What is asked, with the query that goes upstream.
        raw: The body as received (with the default model inserted, if it named none); None if it has none.
        body: Those of its members that are read, parsed, and the names of the others; it is never serialised again.
        headers: The client's headers that may be sent upstream, lower case.
        key: What it is sent with instead of this proxy's own key for the upstream; None for that.
        method: GET, POST or DELETE.
        streams: Whether the client asked for an event stream.
    """

    surface: ClientSurface
    path: str
    raw: bytes | None
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    key: str | None = None
    method: Method = "POST"
    streams: bool = False

    @property
    def model(self) -> str | None:
        """The model asked for; None if the request names none."""
        return self.body.get("model")

    def whole_body(self) -> dict[str, Any]:
        """Parse the body anew, with all its contents."""
        parsed: dict[str, Any] = parse(self.raw or b"{}")
        return parsed

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for a chat stream's usage chunk."""
        options = self.body.get("stream_options")
        return isinstance(options, Mapping) and options.get("include_usage") is True


@dataclass(frozen=True, slots=True)
class AdapterResponse:
    """A complete JSON response with status 200."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdapterStream:
    """An event stream whose first event has arrived and is not an error.

    Attributes:
        blocks: Whole events; each block is to be flushed at once.
        in_band: Makes an error the last event of the stream.
        aclose: Releases the upstream, and ends its request if the stream isn't over. Must always be awaited.
    """

    blocks: AsyncIterator[bytes]
    in_band: Callable[[ProxyError], bytes]
    aclose: Callable[[], Awaitable[None]]
    headers: Mapping[str, str] = field(default_factory=dict)


class BaseLLMAdapter(ABC):
    """Answers calls of every surface, and lists the models. All methods raise ProxyError."""

    @abstractmethod
    async def answer(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer a call; with a stream if it asks for one."""

    @abstractmethod
    async def models(self, key: str | None = None) -> AdapterResponse:
        """Return the list of models for `GET /v1/models`, as it is for an upstream key (None: this proxy's own)."""

    @abstractmethod
    async def model(self, model_id: str, key: str | None = None) -> AdapterResponse:
        """Return one model of that list."""

    @abstractmethod
    async def llm_models(self, key: str | None = None) -> AdapterResponse:
        """Return the models with provider and context length, for `GET /v1/llm/models`."""

    @abstractmethod
    async def check_ready(self) -> None:
        """Return if requests can be served now. Makes no provider call."""

    @property
    def is_healthy(self) -> bool:
        """Whether the upstream was healthy at the last check; sends no request."""
        return True

    async def start(self) -> None:
        """Start; called once, before the first request."""
        return

    async def aclose(self) -> None:
        """Close the connections."""
        return
