"""The order of a Responses stream's events: what no schema of a single event can say.

Pure, and knows nothing of the request. Events of kinds that came later may stand anywhere before the end, and are
counted like all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.grammar.response_items import OpenItems
from hopcheck_contracts.grammar.response_rules import ResponseRule
from hopcheck_contracts.grammar.stream_reader import Breach, StreamReader
from hopcheck_contracts.sse import Event
from hopcheck_contracts.violations import shown

__all__ = ["ResponseRule", "check_events", "check_stream"]

BOUNDARY: Boundary = "openai-responses"

TERMINAL = {
    "response.completed": frozenset({"completed"}),
    "response.incomplete": frozenset({"incomplete"}),
    "response.failed": frozenset({"failed", "cancelled"}),
}
"""The events that end an answer, and the status that the answer has in each."""


def check_stream(raw: bytes) -> list[Breach]:
    """Check the bytes of a whole stream, decoded if they were compressed."""
    return _ResponseStreamReader().read(raw)


def check_events(events: Iterable[Event], *, rest: bytes = b"") -> list[Breach]:
    """Check a stream that has been read already: all its events, and what follows the last one without its end."""
    return _ResponseStreamReader().judge(events, rest)


class _ResponseStreamReader(StreamReader):
    schema, encoding, complete_events = ResponseRule.SCHEMA, ResponseRule.ENCODING, ResponseRule.COMPLETE_EVENTS

    def __init__(self) -> None:
        super().__init__(BOUNDARY)
        self._items = OpenItems(self.breach)
        self._response_id: str | None = None
        self._sequence_number: int | None = None
        self._terminal = ""

    def take_done(self) -> None:
        self.breach(ResponseRule.NO_DONE, "is [DONE]")

    def take_data(self, event: Event, data: str) -> None:
        if self._terminal:
            self.breach(ResponseRule.TERMINAL_LAST, f"comes after {self._terminal}")
        super().take_data(event, data)

    def take_payload(self, event: Event) -> None:
        payload = event.shared_json
        kind = payload["type"]
        if event.event not in (None, kind):
            self.breach(ResponseRule.EVENT_LINE, f"the event line is {shown(event.event)}, the type {shown(kind)}")
        self._take_number(payload.get("sequence_number"))
        if kind == "error":
            self._terminal, self.failed = self._terminal or kind, True
            return
        if "response" in payload and isinstance(payload["response"], dict):
            self._take_response(kind, payload["response"])
        elif self._response_id is None:
            self.breach(ResponseRule.CREATED_FIRST, f"is {kind}, before response.created")
            self._response_id = ""
        self._items.take(kind, payload)

    def _take_number(self, number: Any) -> None:
        known, self._sequence_number = self._sequence_number, number if isinstance(number, int) else None
        if known is not None and number != known + 1:
            self.breach(ResponseRule.SEQUENCE, f"has sequence_number {shown(number)}, after {known}")

    def _take_response(self, kind: str, response: Mapping[str, Any]) -> None:
        if (kind == "response.created") is (self._response_id is not None) and kind != "response.failed":
            self.breach(
                ResponseRule.CREATED_FIRST, f"is {kind}, {'again' if self._response_id else 'before response.created'}"
            )
        found = response.get("id")
        if self._response_id and found != self._response_id:
            self.breach(ResponseRule.SAME_IDENTITY, f"id is {shown(found)}, and was {shown(self._response_id)}")
        self._response_id = self._response_id or str(found)
        if kind in TERMINAL:
            self._end_response(kind, response)

    def _end_response(self, kind: str, response: Mapping[str, Any]) -> None:
        self._terminal = self._terminal or kind
        self.failed = self.failed or kind == "response.failed"
        if response.get("status") not in TERMINAL[kind]:
            self.breach(ResponseRule.TERMINAL_STATUS, f"status is {shown(response.get('status'))} in {kind}")
        if kind == "response.completed":
            self._items.complete(response.get("output") or [])

    def end(self) -> None:
        if not self._terminal:
            self.breach(ResponseRule.ONE_TERMINAL, "has no event that ends the answer")
