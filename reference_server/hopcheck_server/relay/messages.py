"""The arguments of a relay's methods: the client's request, an attempt at the provider, the response, a failure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from hopcheck_contracts.sse import Event
from hopcheck_server.wire.client import Head
from hopcheck_server.wire.server import Framing, ServerExchange

Events = AsyncIterator[Event]
"""A stream's events, one by one."""

FailureKind = Literal["connect", "timeout", "cut", "garbled", "status", "error-event"]


@dataclass(slots=True)
class IncomingRequest:
    """A client's request.

    Attributes:
        exchange: The server's exchange, on the client's connection.
        method: As sent.
        path: Without prefix and query: `/v1/chat/completions`.
        headers: As received.
        body: As received.
        json: The body as an object; None if it isn't one.
        id: The request id, which the response carries.
        extra_headers: Headers that every response to it carries.
    """

    exchange: ServerExchange
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    json: dict[str, Any] | None
    id: str
    extra_headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, exchange: ServerExchange, prefix: str, request_id: str) -> IncomingRequest:
        """Read an exchange whose path starts with `prefix`."""
        path = _path(exchange.target).removeprefix(prefix)
        return cls(exchange, exchange.method, path, exchange.headers, exchange.body, _object(exchange.body), request_id)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return self.exchange.header(name)

    @property
    def is_anthropic(self) -> bool:
        """Whether it is for the Messages surface."""
        return self.path.startswith("/v1/messages")

    @property
    def is_for_responses(self) -> bool:
        """Whether it is for the Responses surface."""
        return self.path.startswith("/v1/responses")

    @property
    def key(self) -> str:
        """The bearer key, or on the Messages surface that of `x-api-key`; "" if there is none."""
        if self.is_anthropic and (own := self.header("x-api-key")):
            return own
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def model(self) -> str:
        """The model's name, or ""."""
        model = (self.json or {}).get("model")
        return model if isinstance(model, str) else ""

    @property
    def streams(self) -> bool:
        """Whether it asks for a stream."""
        return (self.json or {}).get("stream") is True


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """One attempt at the provider.

    Attributes:
        incoming: The client's request.
        model: The model as clients name it (after falling back: the backup's).
        path: Below the provider's base URL.
        headers: All headers but Host and Content-Length.
        body: The bytes that are sent.
        key: The provider's key that it carries.
        attempt: The number of the attempt, from 1, over all models.
        attempt_on_model: The same for this model alone.
    """

    incoming: IncomingRequest
    model: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    key: str = ""
    attempt: int = 1
    attempt_on_model: int = 1

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object, parsed anew at each call."""
        return _object(self.body) or {}

    def with_json(self, body: Any) -> OutgoingRequest:
        """The same attempt with another body."""
        return replace(self, body=dump(body))

    def with_header(self, name: str, value: str | None) -> OutgoingRequest:
        """The same attempt with another value for a header; None removes it."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))


@dataclass(slots=True)
class RelayedResponse:
    """A response to the client; the body of a stream comes from `Relay.events` instead.

    Attributes:
        incoming: The request that it answers.
        status: The HTTP status.
        headers: All headers but Content-Length.
        body: Empty for a stream.
        origin: Whether the provider or the relay made it.
        streamed: Whether events follow.
        framing: How the body is framed; None means by length, and chunked for a stream.
        version: The HTTP version.
        provider: The head of the provider's response, if this passes one on.
    """

    incoming: IncomingRequest
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    origin: Literal["provider", "relay"] = "relay"
    streamed: bool = False
    framing: Framing | None = None
    version: str = "1.1"
    provider: Head | None = None

    @property
    def json(self) -> Any:
        """The body as JSON; None if it isn't JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def with_json(self, body: Any) -> RelayedResponse:
        """The same response with another body."""
        return replace(self, body=dump(body))

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_header(self, name: str, value: str | None) -> RelayedResponse:
        """The same response with another value for a header; None removes it."""
        kept = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        return replace(self, headers=kept if value is None else [*kept, (name, value)])


class Failure(Exception):
    """An attempt without a usable response.

    Attributes:
        kind: The kind of failure.
        detail: A sentence about it, without secrets.
        head: The head of the provider's response, if there was one.
        body: The body of the provider's error, if there was one.
        next_number: The number of the next event, of a stream that broke and whose events are numbered.
    """

    def __init__(self, kind: FailureKind, detail: str, head: Head | None = None, body: bytes = b"") -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind: FailureKind = kind
        self.detail = detail
        self.head = head
        self.body = body
        self.next_number = 0

    @property
    def status(self) -> int:
        """The provider's status, or 0."""
        return self.head.status if self.head and self.kind == "status" else 0

    @property
    def retry_after_s(self) -> float | None:
        """The provider's Retry-After in seconds, if it is a number."""
        for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
            value = self.head.header(name) if self.head else None
            try:
                if value is not None:
                    return float(value) / unit
            except ValueError:
                continue
        return None


_INCOMING: ContextVar[IncomingRequest] = ContextVar("incoming")


def incoming() -> IncomingRequest:
    """Return the request that this task answers, for methods without it among their arguments."""
    return _INCOMING.get()


def enter(request: IncomingRequest) -> None:
    """Make a request the one that this task answers."""
    _INCOMING.set(request)


def dump(body: Any) -> bytes:
    """Write compact JSON."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _path(target: str) -> str:
    """Return the path of a request target; all of a target that is no valid URL, which is no route either."""
    try:
        return urlsplit(target).path
    except ValueError:
        return target


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body, parse_constant=_refuse) if body else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
