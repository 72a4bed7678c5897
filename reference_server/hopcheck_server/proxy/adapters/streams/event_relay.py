"""Relays the events of one chat stream: passes valid ones on, fixes what can be fixed, and detects how the stream ends.

An event that needs no change is passed on as received. Each is parsed all the same, because a data event that isn't
JSON crashes clients: that takes a third of what an event costs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hopcheck_server.proxy.adapters.streams.sse import (
    MAX_EVENT_BYTES,
    EventSplitter,
    EventTooLarge,
    comments_of,
    data_event,
    data_of,
)
from hopcheck_server.proxy.errors import ProxyError, upstream_broke_off, upstream_too_large, upstream_unreadable
from hopcheck_server.proxy.json_text import encode, parse

DONE = b"data: [DONE]\n\n"

Workaround = Callable[[dict[str, Any]], "dict[str, Any] | None"]
MakeError = Callable[[Any], ProxyError]


class EventRelay:
    """Takes bytes of the upstream's stream, and gives bytes for the client.

    Args:
        wants_usage: Whether the client asked for a usage chunk; if not, it gets none.
        fix: Returns a fixed event, or None if it needs no change.
        make_error: Makes a ProxyError of the `error` member of an event.
        max_event_bytes: A larger event ends the stream.

    Attributes:
        fault: The error that ended the stream early, not yet sent; None if there is none.
        done: Whether `[DONE]` has been passed on.
        begun: Whether any data event has been passed on.
    """

    def __init__(
        self, *, wants_usage: bool, fix: Workaround, make_error: MakeError, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        self.fault: ProxyError | None = None
        self.done = False
        self.begun = False
        self._wants_usage = wants_usage
        self._fix = fix
        self._make_error = make_error
        self._splitter = EventSplitter(max_event_bytes)
        self._opened: set[Any] = set()
        self._finished: set[Any] = set()

    @property
    def ended(self) -> bool:
        """Whether the stream is over."""
        return self.done or self.fault is not None

    @property
    def finished(self) -> bool:
        """Whether every choice that has begun has its finish reason."""
        return bool(self._opened) and self._opened <= self._finished

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk; give the whole events in it, to be sent at once, as they arrived."""
        try:
            return self._relay(self._splitter.feed(chunk))
        except EventTooLarge as error:
            self.fault = upstream_too_large(error.limit)
            return b""

    def end(self) -> bytes:
        """End the stream after the upstream's end; without `[DONE]` it is complete if every choice has finished."""
        rest = self._splitter.rest()
        out = self._relay([rest]) if rest else b""
        if not self.ended:
            out += self._close() if self.finished else b""
        if not self.ended:
            self.fault = upstream_broke_off()
        return out

    def fail(self, error: ProxyError) -> None:
        """End the stream with an error."""
        if not self.ended:
            self.fault = error

    def _relay(self, events: list[bytes]) -> bytes:
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
        return self._pass_payload(event, data) if data else b""

    def _pass_payload(self, event: bytes, data: bytes) -> bytes:
        payload = _parse(data)
        if payload is None:
            self.fault = upstream_unreadable()
        elif payload.get("error"):
            self.fault = self._make_error(payload["error"])
        elif self._wanted(payload):
            self.begun = True
            return self._written(event, data, payload)
        return b""

    def _written(self, event: bytes, data: bytes, payload: dict[str, Any]) -> bytes:
        fixed = self._fix(payload)
        if fixed is not None:
            return data_event(encode(fixed))
        return event + b"\n\n" if event.startswith(b"data: ") and b"\n" not in event else data_event(data)

    def _wanted(self, payload: dict[str, Any]) -> bool:
        """Note the choices' state; whether the client gets the event, which may be a usage chunk not asked for."""
        choices = payload.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            self._note(choice)
        return self._wants_usage or has_content(payload)

    def _note(self, choice: Any) -> None:
        if not isinstance(choice, dict):
            return
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        if choice.get("delta") or choice.get("finish_reason"):
            self._opened.add(index)
        if choice.get("finish_reason"):
            self._finished.add(index)

    def _close(self) -> bytes:
        """Pass `[DONE]` on; without any finish reason the stream has broken off."""
        if not self._finished:
            self.fault = upstream_broke_off()
            return b""
        self.done = True
        return DONE


def _parse(data: bytes) -> dict[str, Any] | None:
    try:
        payload = parse(data)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def has_content(payload: Mapping[str, Any]) -> bool:
    """Whether an event is more than a usage chunk."""
    return not payload.get("usage") or _has_delta(payload.get("choices"))


def _has_delta(choices: Any) -> bool:
    """Whether any choice has more than an empty delta (LiteLLM writes "no choices" as one empty choice)."""
    if not isinstance(choices, list):
        return False
    return any(isinstance(choice, dict) and (choice.get("delta") or choice.get("finish_reason")) for choice in choices)
