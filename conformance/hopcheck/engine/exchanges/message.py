"""A response as its body reads, on either side of a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from hopcheck_contracts.bounded_json import shared_json
from hopcheck_contracts.schemas import STREAM_TYPE
from hopcheck_contracts.sse import Event, EventParser
from hopcheck_server.upstream.journal.attempt import SentResponse

SAMPLE_BYTES = 32 * 1024
"""Of a body that are searched for what doesn't belong there: half of them at its beginning, half at its end."""


@dataclass(frozen=True)
class _EventsOfBody:
    """A stream's body, read once: what a target passes on as it came is the same on both sides."""

    body: bytes

    @cached_property
    def parsed(self) -> tuple[list[Event], bytes]:
        """The events, and what follows the last one without its end."""
        parser = EventParser()
        return parser.feed(self.body), parser.rest

    @cached_property
    def payloads(self) -> list[Any]:
        """The JSON of the events, without `[DONE]`; None for what isn't JSON."""
        return [event.shared_json for event in self.parsed[0] if event.data and not event.is_done]


_events_of = lru_cache(maxsize=4)(_EventsOfBody)


@dataclass(frozen=True)
class Message:
    """A response as its body reads, on either side.

    Attributes:
        status: The HTTP status.
        headers: In order, names as they were written.
        body: Without its content coding; None where nobody knows how to undo that.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes | None

    @classmethod
    def of_provider(cls, sent: SentResponse) -> Message:
        """What the upstream sent."""
        return cls(sent.status, sent.headers, sent.body)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @cached_property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def streams(self) -> bool:
        """Whether it is an event stream."""
        return self.media_type == STREAM_TYPE

    @cached_property
    def sample(self) -> str:
        """The body's text, of a long one its beginning and its end."""
        body, half = self.body or b"", SAMPLE_BYTES // 2
        short = body if len(body) <= SAMPLE_BYTES else body[:half] + b"\n" + body[-half:]
        return short.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, not to be changed; None if it isn't."""
        return shared_json(self.body or b"")

    @property
    def parsed(self) -> tuple[list[Event], bytes]:
        """The events of the stream, and what follows the last one without its end."""
        return self._events.parsed

    @cached_property
    def _events(self) -> _EventsOfBody:
        return _events_of((self.body or b"") if self.streams else b"")

    @property
    def events(self) -> list[Event]:
        """The events of the stream, comments included."""
        return self.parsed[0]

    @property
    def payloads(self) -> list[Any]:
        """The JSON of the stream's events, without `[DONE]`; None for what isn't JSON."""
        return self._events.payloads

    @cached_property
    def error(self) -> Mapping[str, Any] | None:
        """The error object of the body, or of the first event that reports an error."""
        bodies = self.payloads if self.streams else [self.json]
        errors = (_error_in(body) for body in bodies if isinstance(body, dict))
        return next((error for error in errors if error is not None), None)


def _error_in(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The error of a body or an event; a Responses stream has it in its failed response, or in the event itself."""
    match body:
        case {"error": dict(error)} | {"type": "response.failed", "response": {"error": dict(error)}}:
            return error
        case {"type": "response.failed", "response": dict()}:
            return {"message": None}
        case {"type": "error"}:
            return {name: body.get(name) for name in ("message", "code", "param")}
        case _:
            return None
