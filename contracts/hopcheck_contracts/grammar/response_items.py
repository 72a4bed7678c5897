"""The items of a Responses stream and their parts: which are open, and what each has so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hopcheck_contracts.grammar.response_rules import ResponseRule
from hopcheck_contracts.violations import shown

Json = Mapping[str, Any]

_PART_EVENTS = {
    "response.content_part": "content_index",
    "response.reasoning_summary_part": "summary_index",
}
"""The events that open and close a part, and by which field they count it."""

_TEXTS = {
    "response.output_text": "text",
    "response.refusal": "refusal",
    "response.reasoning_text": "text",
    "response.reasoning_summary_text": "text",
    "response.function_call_arguments": "arguments",
    "response.mcp_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.code_interpreter_call_code": "code",
}
"""The texts that are sent as deltas, and the field in which the event that ends each has it whole."""

_ITEM_TEXTS = {"function_call": "arguments", "mcp_call": "arguments", "custom_tool_call": "input"}
_PART_FIELDS = ("text", "refusal")


class _OpenItem:
    """An item that was added."""

    def __init__(self, item_id: str | None) -> None:
        self.id = item_id
        self.is_open = True
        self.parts: dict[tuple[str, int], bool] = {}  # whether each is open
        self.texts: dict[tuple[str, int], str] = {}


class OpenItems:
    """Follows the items of a stream."""

    def __init__(self, breach: Callable[[ResponseRule, str], None]) -> None:
        """`breach` takes what is broken."""
        self._breach = breach
        self._items: dict[int, _OpenItem] = {}

    def take(self, kind: str, payload: Json) -> None:
        """Read an event, whatever it is about."""
        if kind == "response.output_item.added":
            self._add(payload["output_index"], payload["item"])
        elif isinstance(payload.get("output_index"), int):
            self._take_about(kind, payload)

    def complete(self, output: Sequence[Json]) -> None:
        """The answer is complete, and this is its output."""
        for index, item in self._items.items():
            if item.is_open:
                self._breach(ResponseRule.ITEMS_DONE, f"item {index} isn't done")
        known = [self._items[index].id for index in sorted(self._items)]
        if [item.get("id") for item in output] != known:
            self._breach(
                ResponseRule.FINAL_OUTPUT, f"the output has {len(output)} items, {len(known)} were done; or other ids"
            )

    def _add(self, index: int, item: Json) -> None:
        if index != len(self._items):
            self._breach(ResponseRule.ITEM_INDEX, f"item {index} is added where item {len(self._items)} was expected")
        self._items[index] = _OpenItem(item.get("id"))

    def _take_about(self, kind: str, payload: Json) -> None:
        item = self._items.get(payload["output_index"])
        if item is None or not item.is_open:
            self._breach(ResponseRule.OPEN_ITEM, f"item {payload['output_index']} isn't open")
            return
        found = payload["item"].get("id") if kind == "response.output_item.done" else payload.get("item_id", item.id)
        if item.id is not None and found != item.id:
            self._breach(ResponseRule.ITEM_ID, f"the item's id is {shown(found)}, and was {shown(item.id)}")
        if kind == "response.output_item.done":
            self._close(item, payload)
            return
        stem, _, what = kind.rpartition(".")
        if stem in _PART_EVENTS:
            self._take_part(item, _PART_EVENTS[stem], what, payload)
        elif stem in _TEXTS:
            self._take_text(item, what, payload, payload.get(_TEXTS[stem]))

    def _close(self, item: _OpenItem, payload: Json) -> None:
        item.is_open = False
        for (_, number), is_open in item.parts.items():
            if is_open:
                self._breach(ResponseRule.ITEMS_DONE, f"part {number} of item {payload['output_index']} isn't done")
        whole = payload["item"].get(_ITEM_TEXTS.get(payload["item"]["type"], ""))
        if whole is not None:
            self._compare(item, ("", 0), whole)

    def _take_part(self, item: _OpenItem, field: str, what: str, payload: Json) -> None:
        key = field, payload[field]
        if what == "added":
            expected = sum(1 for name, _ in item.parts if name == field)
            if key[1] != expected:
                self._breach(ResponseRule.PART_INDEX, f"part {key[1]} is added where part {expected} was expected")
            item.parts[key] = True
        elif self._is_open(item, key):
            item.parts[key] = False
            whole = next((payload["part"][name] for name in _PART_FIELDS if name in payload["part"]), None)
            if whole is not None:
                self._compare(item, key, whole)

    def _take_text(self, item: _OpenItem, what: str, payload: Json, whole: Any) -> None:
        field = next((name for name in _PART_EVENTS.values() if name in payload), "")
        key = (field, payload[field]) if field else ("", 0)
        if field and not self._is_open(item, key):
            return
        if what == "delta":
            item.texts[key] = item.texts.get(key, "") + payload["delta"]
        elif what == "done":
            self._compare(item, key, whole)

    def _is_open(self, item: _OpenItem, key: tuple[str, int]) -> bool:
        is_open = item.parts.get(key, False)
        if not is_open:
            self._breach(ResponseRule.OPEN_PART, f"part {key[1]} isn't open")
        return is_open

    def _compare(self, item: _OpenItem, key: tuple[str, int], whole: str) -> None:
        """A part may be sent without deltas; otherwise they make up the whole."""
        joined = item.texts.get(key, whole)
        if joined != whole:
            self._breach(ResponseRule.DONE_TEXT, f"the whole is {shown(whole)}, the deltas make {shown(joined)}")
