"""A request to the upstream, as far as a dialect has to read it to respond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic_core import from_json

from hopcheck_contracts.bounded_json import has_more_values

if TYPE_CHECKING:
    from hopcheck_server.upstream.dialects.dialect import Dialect

MAX_VALUES = 1_000_000
"""A body with more values of JSON isn't read: each takes a hundred times the bytes that it has."""

MAX_CHOICES = 128
"""As many as OpenAI's API allows."""

GENERATING = frozenset({"chat", ""})
"""Kinds of requests that a scripted completion can answer; an unknown path, too, plays what its script says."""


class Shape(NamedTuple):
    """What a request says about the form of its response.

    Attributes:
        stream: Whether a stream is asked for.
        include_usage: Whether a stream is to have usage, in dialects where that is a choice.
        n: How many choices are asked for.
        variant: What else the rendered form depends on, in the dialect's own words.
    """

    stream: bool = False
    include_usage: bool = False
    n: int = 1
    variant: str = ""


PLAIN = Shape()


@dataclass(frozen=True, slots=True)
class Route:
    """What a path of a dialect asks for.

    Attributes:
        kind: `chat`, `embeddings`, `count_tokens`, `models`, `model`, `health`, a word of the dialect's own, or ""
            for an unknown path.
        model: The model that the path names, or "".
        stream: Whether the path asks for a stream.
        method: The HTTP method that it needs.
        query: The query of the request's URL.
    """

    kind: str = ""
    model: str = ""
    stream: bool = False
    method: str = "POST"
    query: str = ""


class DialectRequest:
    """A request, as far as its dialect reads it.

    Attributes:
        dialect: Whose path it was sent to.
        route: What the path asks for.
        kind: See `Route`.
        method: The HTTP method.
        url: The request target.
        payload: The JSON object of the body; None if the body isn't one.
        model: The model that is named in the path, or in the body; or "".
        shape: The form of the response that it asks for.
    """

    __slots__ = ("dialect", "kind", "method", "model", "payload", "route", "shape", "url")

    def __init__(self, dialect: Dialect, route: Route, method: str, url: str, body: bytes) -> None:
        self.dialect = dialect
        self.route = route
        self.kind = route.kind
        self.method = method
        self.url = url
        self.payload = payload = _object_in(body)
        if payload is None:
            self.model, self.shape = route.model, PLAIN
            return
        model = payload.get("model")
        self.model = model if model and isinstance(model, str) else route.model
        self.shape = dialect.shape(payload, route)

    @property
    def path(self) -> str:
        """The path, without its query."""
        return self.url.partition("?")[0]


def _object_in(body: bytes) -> dict[str, Any] | None:
    if not body or (len(body) > MAX_VALUES and has_more_values(body, MAX_VALUES)):
        return None
    try:
        value = from_json(body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
