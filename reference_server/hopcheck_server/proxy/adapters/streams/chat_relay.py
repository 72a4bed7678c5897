"""Relays a chat stream: fixes what can be fixed, holds back usage that wasn't asked for, and knows its choices' ends.

An event that needs no change is passed on as received. Each is parsed all the same, because a data event that isn't
JSON crashes clients: that takes a third of what an event costs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hopcheck_server.proxy.adapters.streams.sse import MAX_EVENT_BYTES, data_event
from hopcheck_server.proxy.adapters.streams.stream_relay import MakeError, StreamRelay
from hopcheck_server.proxy.errors import ProxyError, upstream_broke_off
from hopcheck_server.proxy.json_text import encode

DONE = b"data: [DONE]\n\n"

Workaround = Callable[[dict[str, Any]], "dict[str, Any] | None"]


class ChatRelay(StreamRelay):
    """The relay of chat completions, which `[DONE]` ends.

    Args:
        wants_usage: Whether the client asked for a usage chunk; if not, it gets none.
        fix: Returns a fixed event, or None if it needs no change.
        make_error: See `StreamRelay`.
        max_event_bytes: See `StreamRelay`.
    """

    def __init__(
        self, *, wants_usage: bool, fix: Workaround, make_error: MakeError, max_event_bytes: int = MAX_EVENT_BYTES
    ) -> None:
        super().__init__(make_error, max_event_bytes)
        self._wants_usage = wants_usage
        self._fix = fix
        self._opened: set[Any] = set()
        self._finished: set[Any] = set()

    @property
    def finished(self) -> bool:
        """Whether every choice that has begun has its finish reason."""
        return bool(self._opened) and self._opened <= self._finished

    def in_band(self, error: ProxyError) -> bytes:
        """Make an event of OpenAI's error object."""
        return chat_error_event(error)

    def _pass_payload(self, event: bytes, data: bytes, payload: dict[str, Any]) -> bytes:
        if payload.get("error"):
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


def chat_error_event(error: ProxyError) -> bytes:
    """Make an error an event of a chat stream."""
    return b"data: " + error.encode() + b"\n\n"


def has_content(payload: Mapping[str, Any]) -> bool:
    """Whether an event is more than a usage chunk."""
    return not payload.get("usage") or _has_delta(payload.get("choices"))


def _has_delta(choices: Any) -> bool:
    """Whether any choice has more than an empty delta (LiteLLM writes "no choices" as one empty choice)."""
    if not isinstance(choices, list):
        return False
    return any(isinstance(choice, dict) and (choice.get("delta") or choice.get("finish_reason")) for choice in choices)
