"""What Anthropic's messages and events say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hopcheck_server.relay.translating import pieces
from hopcheck_server.relay.translating.pieces import Piece

Json = dict[str, Any]

FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "pause_turn": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
"""OpenAI's finish reasons by Anthropic's stop reasons. OpenAI has none for a turn that pauses: it isn't over."""


class MessageReader:
    """Reads one message, whole or as events."""

    def __init__(self) -> None:
        self._usage: Json = {}
        self._calls: dict[int, int] = {}  # the place of each call among the calls, by its block's

    def read(self, payload: Json) -> Iterator[Piece]:
        """The pieces of a message, or of an event."""
        match payload.get("type"):
            case "message":
                yield from self._whole(payload)
            case "message_start":
                self._usage = dict(payload["message"]["usage"])
                yield Piece(id=payload["message"]["id"], delta={"content": ""})
            case "content_block_start" if payload["content_block"]["type"] == "tool_use":
                yield Piece(delta={"tool_calls": [self._call(payload["index"], payload["content_block"], "")]})
            case "content_block_delta":
                yield from self._delta(payload["index"], payload["delta"])
            case "message_delta":
                self._usage |= payload["usage"]
                yield Piece(finish=finish_reason(payload["delta"]["stop_reason"]), usage=usage(self._usage))
            case "message_stop":
                yield Piece(is_last=True)
            case "error":
                yield Piece(error=pieces.error(payload, 500))

    def _whole(self, message: Json) -> Iterator[Piece]:
        for index, block in enumerate(message["content"]):
            yield from self._block(index, block)
        finish = finish_reason(message["stop_reason"])
        yield Piece(id=message["id"], finish=finish, usage=usage(message["usage"]), is_last=True)

    def _block(self, index: int, block: Json) -> Iterator[Piece]:
        match block["type"]:
            case "text":
                yield Piece(delta={"content": block["text"]})
            case "thinking":
                yield Piece(delta={"reasoning_content": block["thinking"], "thinking_blocks": [block]})
            case "tool_use":
                yield Piece(delta={"tool_calls": [self._call(index, block, json.dumps(block["input"]))]})

    def _call(self, index: int, block: Json, arguments: str) -> Json:
        place = self._calls[index] = len(self._calls)
        return pieces.call(place, block["id"], block["name"], arguments)

    def _delta(self, index: int, delta: Json) -> Iterator[Piece]:
        match delta["type"]:
            case "text_delta":
                yield Piece(delta={"content": delta["text"]})
            case "thinking_delta":
                yield Piece(delta={"reasoning_content": delta["thinking"]})
            case "input_json_delta" if delta["partial_json"]:
                call = {"index": self._calls[index], "function": {"arguments": delta["partial_json"]}}
                yield Piece(delta={"tool_calls": [call]})


def finish_reason(stop_reason: str | None) -> str:
    """The finish reason; an unknown reason is an end like any other."""
    return FINISH_REASONS.get(stop_reason or "", "stop")


def usage(counts: Json) -> Json:
    """OpenAI's usage, whose prompt has the cached tokens, too."""
    read, written = counts.get("cache_read_input_tokens") or 0, counts.get("cache_creation_input_tokens") or 0
    thinking = (counts.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    prompt = counts["input_tokens"] + read + written
    return pieces.usage(prompt, counts["output_tokens"], cached=read, reasoning=thinking)
