"""What responses and events of OpenAI's Responses API say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_server.relay import errors
from hopcheck_server.relay.translating import pieces
from hopcheck_server.relay.translating.pieces import Piece

Json = dict[str, Any]

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""OpenAI's finish reasons by why a response is incomplete."""

_TEXTS = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning_content",
}
"""Where the deltas of chat completions have these texts."""


class ItemReader:
    """Reads one response, whole or as events."""

    def __init__(self) -> None:
        self._calls: dict[Any, int] = {}  # the place of each call among the calls, by its item's

    def read(self, payload: Json) -> Iterator[Piece]:
        """The pieces of a response, or of an event."""
        kind = payload.get("type", "")
        if payload.get("object") == "response":
            for place, item in enumerate(payload["output"]):
                yield from self._item(place, item)
            yield self._ending(payload)
        elif kind == "response.created":
            yield Piece(id=payload["response"]["id"], delta={"content": ""})
        elif kind in _TEXTS:
            yield Piece(delta={_TEXTS[kind]: payload["delta"]})
        elif kind == "response.output_item.added" and payload["item"]["type"] == "function_call":
            yield self._call(payload["output_index"], payload["item"])
        elif kind == "response.function_call_arguments.delta":
            call = {"index": self._calls[payload["output_index"]], "function": {"arguments": payload["delta"]}}
            yield Piece(delta={"tool_calls": [call]})
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            yield self._ending(payload["response"])
        elif "error" in payload or kind == "error":
            yield Piece(error=pieces.error({"error": payload.get("error") or payload["message"]}, 500))

    def _item(self, place: int, item: Json) -> Iterator[Piece]:
        match item["type"]:
            case "reasoning":
                yield Piece(delta=_thought(item))
            case "message":
                for part in item["content"]:
                    is_refusal = part["type"] == "refusal"
                    yield Piece(delta={"refusal": part["refusal"]} if is_refusal else {"content": part["text"]})
            case "function_call":
                yield self._call(place, item)

    def _call(self, place: int, item: Json) -> Piece:
        number = self._calls[place] = len(self._calls)
        return Piece(delta={"tool_calls": [pieces.call(number, item["call_id"], item["name"], item["arguments"])]})

    def _ending(self, response: Json) -> Piece:
        if response["status"] == "failed":
            return Piece(error=errors.error_body(response["error"]["message"], 500, code=response["error"]["code"]))
        reason = (response.get("incomplete_details") or {}).get("reason")
        finish = _INCOMPLETE.get(reason or "", "tool_calls" if self._calls else "stop")
        counts = response.get("usage")
        return Piece(id=response["id"], finish=finish, usage=counts and usage(counts), is_last=True)


def _thought(item: Json) -> Json:
    text = "".join(part["text"] for part in item["summary"])
    signature = item.get("encrypted_content")
    block = {"type": "thinking", "id": item["id"], "thinking": text, "signature": signature}
    return {"reasoning_content": text, **({"thinking_blocks": [block]} if signature else {})}


def usage(counts: Json) -> Json:
    """OpenAI's usage, in the words of chat completions."""
    cached = (counts.get("input_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (counts.get("output_tokens_details") or {}).get("reasoning_tokens") or 0
    return pieces.usage(counts["input_tokens"], counts["output_tokens"], cached=cached, reasoning=reasoning)
