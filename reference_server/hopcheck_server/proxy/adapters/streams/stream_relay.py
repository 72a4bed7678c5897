"""Relays the events of one stream: passes valid ones on, and detects how the stream ends. Each surface has its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from hopcheck_contracts.bounded_json import has_more_values
from hopcheck_server.proxy.adapters.streams.sse import (
    MAX_EVENT_BYTES,
    EventSplitter,
    EventTooLarge,
    comments_of,
    data_of,
)
from hopcheck_server.proxy.errors import ProxyError, upstream_broke_off, upstream_too_large, upstream_unreadable
from hopcheck_server.proxy.json_text import parse

MAX_EVENT_VALUES = 1_000_000
"""JSON values of one event; more than that isn't parsed, and ends the stream."""

MakeError = Callable[[Any], ProxyError]


class StreamRelay(ABC):
    """Takes bytes of the upstream's stream, and gives bytes for the client.

    Args:
        make_error: Makes a ProxyError of an error object in the stream.
        max_event_bytes: A larger event ends the stream.

    Attributes:
        fault: The error that ended the stream early, not yet sent; None if there is none.
        done: Whether the stream's terminator has been passed on.
        begun: Whether any data event has been passed on.
    """

    def __init__(self, make_error: MakeError, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.fault: ProxyError | None = None
        self.done = False
        self.begun = False
        self._make_error = make_error
        self._splitter = EventSplitter(max_event_bytes)

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self.done or self.fault is not None

    @property
    def waiting_bytes(self) -> int:
        """The bytes of an event that isn't complete."""
        return self._splitter.waiting_bytes

    @property
    @abstractmethod
    def finished(self) -> bool:
        """Whether the response is complete, though the terminator may still be missing."""

    @abstractmethod
    def in_band(self, error: ProxyError) -> bytes:
        """Make an error the last event of the stream. No terminator follows, since the response isn't complete."""

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk; give the whole events in it, to be sent at once, as they arrived."""
        try:
            return self._relay(self._splitter.feed(chunk))
        except EventTooLarge as error:
            self.fault = upstream_too_large(error.limit)
            return b""

    def end(self) -> bytes:
        """End the stream after the upstream's end; without its terminator it is complete if it has `finished`."""
        rest = self._splitter.rest()
        out = self._relay([rest]) if rest else b""
        if not self.ended and self.finished:
            out += self._close()
        if not self.ended:
            self.fault = upstream_broke_off()
        return out

    def fail(self, error: ProxyError) -> None:
        """End the stream with an error."""
        if not self.ended:
            self.fault = error

    def _relay(self, events: list[bytes]) -> bytes:
        if len(events) == 1:  # as in most reads
            return self._pass(events[0])
        out = []
        for event in events:
            out.append(self._pass(event))
            if self.ended:
                break
        return b"".join(out)

    def _pass(self, event: bytes) -> bytes:
        data = data_of(event)
        if data is None:
            return comments_of(event)
        data = data.strip()
        if data == b"[DONE]":
            return self._close()
        return self._pass_data(event, data) if data else b""

    def _pass_data(self, event: bytes, data: bytes) -> bytes:
        payload = _parse(data)
        if payload is None:
            self.fault = upstream_unreadable()
            return b""
        return self._pass_payload(event, data, payload)

    @abstractmethod
    def _pass_payload(self, event: bytes, data: bytes, payload: dict[str, Any]) -> bytes:
        """Give what the client gets of one event."""

    @abstractmethod
    def _close(self) -> bytes:
        """Give the terminator where the upstream has ended: by `[DONE]`, or by the end of its body."""


def _parse(data: bytes) -> dict[str, Any] | None:
    if has_more_values(data, MAX_EVENT_VALUES):
        return None
    try:
        payload = parse(data)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None
