"""What came back of a request for a message, in the terms in which cases ask about any response."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hopcheck.client.paths import JSON, dig, items
from hopcheck.client.responses import Response
from hopcheck.client.streams import Stream

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Stop reasons by the words that cases use for all surfaces; others stay as they are."""


@dataclass(slots=True)
class MessageResponse(Response):
    """A message in one piece."""

    @property
    def content(self) -> JSON:
        """The text of all its blocks; None if there is none."""
        texts = [block["text"] for block in items(self.json, "content") if isinstance(dig(block, "text"), str)]
        return "".join(texts) if texts else None

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """The calls among its blocks, by their places; their arguments are their input as JSON."""
        return _calls(items(self.json, "content")) if index == 0 else []


@dataclass(slots=True)
class MessageStream(Stream):
    """A streamed message."""

    def _of_type(self, kind: str) -> list[dict[str, JSON]]:
        return [item for item in self.objects if isinstance(item, dict) and item.get("type") == kind]

    def deltas(self, index: int = 0) -> list[dict[str, JSON]]:
        """All blocks' deltas; the message is its only choice."""
        deltas = [item.get("delta") for item in self._of_type("content_block_delta")] if index == 0 else []
        return [delta if isinstance(delta, dict) else {} for delta in deltas]

    def joined(self, key: str = "text", index: int = 0) -> str:
        """The text of all blocks; `key` is the name of a field of the deltas."""
        name = "text" if key == "content" else key
        return "".join(delta[name] for delta in self.deltas(index) if isinstance(delta.get(name), str))

    def finishes(self, index: int = 0) -> list[str]:
        """Its stop reasons, in the words that cases use."""
        reasons = [dig(item, "delta", "stop_reason") for item in self._of_type("message_delta")]
        return [FINISH_REASONS.get(str(one), str(one)) for one in reasons if one is not None]

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """The calls among its blocks, by their places; their arguments are the pieces of their input."""
        blocks = {repr(item.get("index")): {**_block(item)} for item in self._of_type("content_block_start")}
        for item in self._of_type("content_block_delta"):
            if (block := blocks.get(repr(item.get("index")))) and dig(item, "delta", "type") == "input_json_delta":
                block["input"] = str(block.get("pieces", "")) + str(dig(item, "delta", "partial_json") or "")
                block["pieces"] = block["input"]
        return _calls(list(blocks.values())) if index == 0 else []

    @property
    def model(self) -> JSON:
        """The model that its start names."""
        return next((dig(item, "message", "model") for item in self._of_type("message_start")), None)

    @property
    def usages(self) -> list[JSON]:
        """The usage of the events that end it."""
        return [item["usage"] for item in self._of_type("message_delta") if item.get("usage") is not None]

    @property
    def summary(self) -> dict[str, JSON]:
        """What a client makes of it: its text, its last stop reason, and whether `message_stop` came."""
        last = next(reversed(self.finishes()), None)
        return {"text": self.joined(), "finish": last, "done": bool(self._of_type("message_stop"))}

    @property
    def clean(self) -> bool:
        """Whether a client takes it for a whole response: ended as framed, no error, a stop reason, `message_stop`."""
        is_over = bool(self.finishes()) and bool(self._of_type("message_stop"))
        return self.ended == "complete" and self.error is None and is_over


def _block(event: dict[str, JSON]) -> dict[str, JSON]:
    block = event.get("content_block")
    return block if isinstance(block, dict) else {}


def _calls(blocks: list[JSON]) -> list[dict[str, JSON]]:
    calls = [block for block in blocks if dig(block, "type") == "tool_use"]
    return [
        {"index": place, "id": call.get("id"), "type": "function", "name": call.get("name"), "arguments": _text(call)}
        for place, call in enumerate(calls)
    ]


def _text(call: dict[str, JSON]) -> str:
    given = call.get("input")
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
