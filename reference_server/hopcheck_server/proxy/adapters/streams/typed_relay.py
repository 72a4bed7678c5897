"""Relays streams of typed events: Anthropic's messages, and OpenAI's responses.

Every event is passed on with its bytes of data, and with its type as the event's name: Anthropic's clients drop an
event without one. What the upstream leaves out isn't made up: without its last event a stream has broken off.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from hopcheck_server.proxy.adapters.streams.sse import MAX_EVENT_BYTES, comments_of, named_event
from hopcheck_server.proxy.adapters.streams.stream_relay import MakeError, StreamRelay
from hopcheck_server.proxy.errors import ProxyError, upstream_broke_off, upstream_unreadable
from hopcheck_server.proxy.json_text import encode
from hopcheck_server.proxy.surfaces.anthropic_errors import encode_anthropic


class TypedRelay(StreamRelay):
    """The relay of events that have a `type`."""

    @property
    def finished(self) -> bool:
        """No: only the last event says that the response is complete."""
        return False

    def _pass_payload(self, event: bytes, data: bytes, payload: dict[str, Any]) -> bytes:
        kind = payload.get("type")
        if kind == "error" or (kind is None and payload.get("error")):
            self.fault = self._make_error(self._error_of(payload))
            return b""
        if not isinstance(kind, str):
            self.fault = upstream_unreadable()
            return b""
        self.begun = True
        self._note(kind, payload)
        return _written(event, data, kind)

    def _close(self) -> bytes:
        self.fault = upstream_broke_off()
        return b""

    @abstractmethod
    def _note(self, kind: str, payload: dict[str, Any]) -> None:
        """Note what an event says about the end of the stream."""

    @abstractmethod
    def _error_of(self, payload: dict[str, Any]) -> Any:
        """Return the error object of an error event."""


class MessagesRelay(TypedRelay):
    """The relay of messages, which `message_stop` ends."""

    def in_band(self, error: ProxyError) -> bytes:
        """Make an event called `error`."""
        return named_event("error", encode_anthropic(error))

    def _note(self, kind: str, payload: dict[str, Any]) -> None:
        self.done = kind == "message_stop"

    def _error_of(self, payload: dict[str, Any]) -> Any:
        return payload.get("error") or {}


class ResponsesRelay(TypedRelay):
    """The relay of responses, which one event about the whole response ends."""

    TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})

    def __init__(self, make_error: MakeError, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        super().__init__(make_error, max_event_bytes)
        self._next_number = 0

    def in_band(self, error: ProxyError) -> bytes:
        """Make an event called `error`, which has the next number."""
        fields = {"code": error.code, "message": error.message, "param": error.param}
        numbered = {"type": "error", **error.extra, **fields, "sequence_number": self._next_number}
        return named_event("error", encode(numbered))

    def _note(self, kind: str, payload: dict[str, Any]) -> None:
        self.done = kind in self.TERMINAL
        number = payload.get("sequence_number")
        self._next_number = number + 1 if isinstance(number, int) else self._next_number

    def _error_of(self, payload: dict[str, Any]) -> Any:
        """Return the error, which stands in the event itself; LiteLLM and others send it as a member."""
        inner = payload.get("error")
        if inner:
            return inner
        return {name: value for name, value in payload.items() if name not in ("type", "sequence_number", "error")}


def _written(event: bytes, data: bytes, kind: str) -> bytes:
    """Give an event as received if it is in the plain form, and in that form otherwise."""
    if event.startswith(b"event: %b\ndata: " % kind.encode()) and event.count(b"\n") == 1:
        return event + b"\n\n"
    return comments_of(event) + named_event(kind, data)
