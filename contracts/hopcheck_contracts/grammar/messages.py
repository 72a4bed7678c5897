"""The order of a Messages stream's events: what no schema of a single event can say.

Pure, and knows nothing of the request. A `ping`, and events of kinds that came later, may stand anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.grammar.stream_reader import Breach, StreamReader
from hopcheck_contracts.sse import Event
from hopcheck_contracts.violations import shown

BOUNDARY: Boundary = "anthropic-messages"


class MessageRule(StrEnum):
    """What a stream keeps to; each value is the rule's name in reports."""

    SCHEMA = "schema"
    """Every event fits its schema."""
    ENCODING = "encoding"
    """The stream is UTF-8."""
    COMPLETE_EVENTS = "complete-events"
    """Every event is ended by a blank line."""
    EVENT_LINE = "event-line"
    """Every event's `event` line is the `type` in its data: clients drop events without one."""
    START_FIRST = "start-first"
    """`message_start` is sent once, before everything else of the answer."""
    BLOCK_INDEX = "block-index"
    """Blocks are counted from 0, in the order in which they begin."""
    ONE_OPEN_BLOCK = "one-open-block"
    """A block begins after the one before is closed, and is closed before the message ends."""
    OPEN_BLOCK = "open-block"
    """Deltas and stops belong to the block that is open."""
    DELTA_TYPE = "delta-type"
    """A block's deltas are of its type."""
    STOP_REASON = "stop-reason"
    """A `message_delta` names the stop reason, once."""
    MESSAGE_END = "message-end"
    """No block follows the first `message_delta`."""
    STOP_LAST = "stop-last"
    """`message_stop` is sent once, and nothing follows it."""
    ERROR_LAST = "error-last"
    """After an error nothing of the answer follows."""
    NO_DONE = "no-done"
    """`[DONE]` belongs to another surface."""


_DELTAS = {
    "text": frozenset({"text_delta", "citations_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "redacted_thinking": frozenset[str](),
    "tool_use": frozenset({"input_json_delta"}),
    "server_tool_use": frozenset({"input_json_delta"}),
}
"""The deltas that a block of a type may have; a block of another type may have any."""

_OF_ANSWER = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    }
)


def check_stream(raw: bytes) -> list[Breach]:
    """Check the bytes of a whole stream, decoded if they were compressed."""
    return _MessageReader().read(raw)


def check_events(events: Iterable[Event], *, rest: bytes = b"") -> list[Breach]:
    """Check a stream that has been read already: all its events, and what follows the last one without its end."""
    return _MessageReader().judge(events, rest)


class _MessageReader(StreamReader):
    schema, encoding, complete_events = MessageRule.SCHEMA, MessageRule.ENCODING, MessageRule.COMPLETE_EVENTS

    def __init__(self) -> None:
        super().__init__(BOUNDARY)
        self._starts = 0
        self._blocks = 0
        self._open: tuple[int, str] | None = None
        self._stop_reasons = 0
        self._ending = False
        self._stops = 0

    def take_done(self) -> None:
        self.breach(MessageRule.NO_DONE, "is [DONE]")

    def take_data(self, event: Event, data: str) -> None:
        if self._stops:
            self.breach(MessageRule.STOP_LAST, "comes after message_stop")
        super().take_data(event, data)

    def take_payload(self, event: Event) -> None:
        payload = event.shared_json
        kind = payload["type"]
        if event.event != kind:
            self.breach(MessageRule.EVENT_LINE, f"the event line is {shown(event.event)}, the type {shown(kind)}")
        if kind in _OF_ANSWER:
            self._take_answer(kind, payload)
        self.failed = self.failed or kind == "error"

    def _take_answer(self, kind: str, payload: Mapping[str, Any]) -> None:
        if self.failed:
            self.breach(MessageRule.ERROR_LAST, "comes after an error")
        if (kind == "message_start") is bool(self._starts):
            self.breach(MessageRule.START_FIRST, f"is {kind}, {'again' if self._starts else 'before message_start'}")
        match kind:
            case "message_start":
                self._starts += 1
            case "content_block_start":
                self._start_block(payload)
            case "content_block_delta":
                self._take_delta(payload)
            case "content_block_stop":
                self._stop_block(payload)
            case "message_delta":
                self._take_message_delta(payload)
            case _:
                self._stops += 1

    def _start_block(self, payload: Mapping[str, Any]) -> None:
        index = payload["index"]
        if self._ending:
            self.breach(MessageRule.MESSAGE_END, f"block {index} begins after the message_delta")
        if self._open is not None:
            self.breach(MessageRule.ONE_OPEN_BLOCK, f"block {index} begins while block {self._open[0]} is open")
        if index != self._blocks:
            self.breach(MessageRule.BLOCK_INDEX, f"block {index} begins where block {self._blocks} was expected")
        self._blocks += 1
        self._open = index, payload["content_block"]["type"]

    def _take_delta(self, payload: Mapping[str, Any]) -> None:
        if not self._is_open(payload["index"]):
            return
        assert self._open is not None
        block, delta = self._open[1], payload["delta"]["type"]
        if delta not in _DELTAS.get(block, {delta}) and delta in _KNOWN_DELTAS:
            self.breach(MessageRule.DELTA_TYPE, f"a block of type {block} has a {delta}")

    def _stop_block(self, payload: Mapping[str, Any]) -> None:
        if self._is_open(payload["index"]):
            self._open = None

    def _is_open(self, index: int) -> bool:
        if self._open is not None and self._open[0] == index:
            return True
        self.breach(MessageRule.OPEN_BLOCK, f"block {index} isn't open")
        return False

    def _take_message_delta(self, payload: Mapping[str, Any]) -> None:
        self._close_blocks()
        self._ending = True
        if payload["delta"].get("stop_reason") is None:
            return
        self._stop_reasons += 1
        if self._stop_reasons > 1:
            self.breach(MessageRule.STOP_REASON, "names a stop reason again")

    def _close_blocks(self) -> None:
        if self._open is not None:
            self.breach(MessageRule.ONE_OPEN_BLOCK, f"block {self._open[0]} is still open")
        self._open = None

    def end(self) -> None:
        if self.failed:
            return
        if not self._starts:
            self.breach(MessageRule.START_FIRST, "has no message_start")
        if not self._stop_reasons:
            self.breach(MessageRule.STOP_REASON, "has no stop reason")
        if not self._stops:
            self.breach(MessageRule.STOP_LAST, "has no message_stop")


_KNOWN_DELTAS = frozenset().union(*_DELTAS.values())
