"""What the routes ask of whatever stands behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One client request, checked, with its bytes.

    Attributes:
        raw: the body as it came (with the default model put in, where none was named).
        body: the same, parsed; never written back.
        headers: the client's headers that may go upstream, lower case.
    """

    raw: bytes
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body["model"])

    @property
    def streams(self) -> bool:
        """Whether the answer is to be an event stream."""
        return self.body.get("stream") is True

    @property
    def wants_usage(self) -> bool:
        """Whether the client asked for a stream's usage chunk."""
        options = self.body.get("stream_options")
        return isinstance(options, Mapping) and options.get("include_usage") is True


@dataclass(frozen=True, slots=True)
class AdapterResponse:
    """A complete JSON answer with status 200."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdapterStream:
    """An event stream whose first event has arrived and is none of an error.

    Attributes:
        blocks: whole events, each piece to be flushed at once; ends with the stream.
        aclose: lets go of the upstream, and ends its request if the stream isn't over. To be awaited in any case.
    """

    blocks: AsyncIterator[bytes]
    aclose: Callable[[], Awaitable[None]]
    headers: Mapping[str, str] = field(default_factory=dict)


class BaseLLMAdapter(ABC):
    """Answers chats and embeddings, and says which models there are. All methods raise ProxyError."""

    @abstractmethod
    async def chat(self, call: Call) -> AdapterResponse | AdapterStream:
        """Answer a chat completion; a stream if the call asks for one."""

    @abstractmethod
    async def embeddings(self, call: Call) -> AdapterResponse:
        """Answer an embeddings request."""

    @abstractmethod
    async def models(self) -> AdapterResponse:
        """The list of models, as `GET /v1/models` gives it."""

    @abstractmethod
    async def model(self, model_id: str) -> AdapterResponse:
        """One model of that list."""

    @abstractmethod
    async def llm_models(self) -> AdapterResponse:
        """The models with provider and context length, as `GET /v1/llm/models` gives them."""

    @abstractmethod
    async def check_ready(self) -> None:
        """Return if requests can be served now. Makes no provider call."""

    @property
    def is_well(self) -> bool:
        """Whether the upstream was well when it was last looked at; asks nobody."""
        return True

    async def start(self) -> None:
        """Begin; called once, before the first request."""
        return

    async def aclose(self) -> None:
        """Let go of connections."""
        return
