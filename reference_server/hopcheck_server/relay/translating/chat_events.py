"""The chunks of a chat completion, made of a message's events as they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_contracts.sse import DONE, Event, event_of
from hopcheck_server.relay.messages import Events, Failure
from hopcheck_server.relay.translating import chat_responses

Json = dict[str, Any]


class ChunkTranslation:
    """The translation of one stream.

    Attributes:
        has_ended: Whether the message has.
    """

    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._model = model
        self._include_usage = include_usage
        self._identity: Json = {}
        self._usage: Json = {}
        self._calls: dict[int, int] = {}  # the place of each call among the calls, by its block's
        self.has_ended = False

    def chunks(self, event: Json) -> Iterator[Json]:
        """The chunks that an event becomes."""
        match event.get("type"):
            case "message_start":
                message = event["message"]
                self._identity = chat_responses.identity(message["id"], "chat.completion.chunk", self._model)
                self._usage = dict(message["usage"])
                yield self._chunk({"role": "assistant", "content": ""})
            case "content_block_start" if event["content_block"]["type"] == "tool_use":
                yield self._chunk({"tool_calls": [self._call(event["index"], event["content_block"])]})
            case "content_block_delta":
                yield from self._delta(event["index"], event["delta"])
            case "message_delta":
                self._usage |= event["usage"]
                yield self._chunk({}, chat_responses.finish_reason(event["delta"]["stop_reason"]))
            case "message_stop":
                self.has_ended = True
                if self._include_usage:
                    yield {**self._identity, "choices": [], "usage": chat_responses.usage(self._usage)}
            case "error":
                yield chat_responses.error(event)

    def _call(self, index: int, block: Json) -> Json:
        place = self._calls[index] = len(self._calls)
        function = {"name": block["name"], "arguments": ""}
        return {"index": place, "id": block["id"], "type": "function", "function": function}

    def _delta(self, index: int, delta: Json) -> Iterator[Json]:
        match delta["type"]:
            case "text_delta":
                yield self._chunk({"content": delta["text"]})
            case "thinking_delta":
                yield self._chunk({"reasoning_content": delta["thinking"]})
            case "input_json_delta" if delta["partial_json"]:
                call = {"index": self._calls[index], "function": {"arguments": delta["partial_json"]}}
                yield self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: Json, finish: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        usage = {"usage": None} if self._include_usage else {}
        return {**self._identity, "choices": [choice], **usage}


async def chunks(events: Events, model: str, *, include_usage: bool) -> Events:
    """Translate a stream.

    Raises:
        Failure: The stream ended before the message did, or what it says can't be read.
    """
    translation = ChunkTranslation(model, include_usage=include_usage)
    async for event in events:
        for chunk in _translated(translation, event):
            yield event_of(chunk)
            if "error" in chunk:
                return
        if translation.has_ended:
            yield DONE
            return
    raise Failure("cut", "the provider's stream ended before its message did")


def _translated(translation: ChunkTranslation, event: Event) -> list[Json]:
    payload = event.json if event.data else None
    if not isinstance(payload, dict):
        return []
    try:
        return list(translation.chunks(payload))
    except (KeyError, TypeError) as error:
        raise Failure("garbled", "the provider sent a malformed event") from error
