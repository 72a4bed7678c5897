"""What Ollama's responses and lines say, which have the same form."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from hopcheck_contracts.sse import Event
from hopcheck_server.relay.messages import Events
from hopcheck_server.relay.translating import pieces
from hopcheck_server.relay.translating.pieces import Piece

Json = dict[str, Any]


class LineReader:
    """Reads one response, whole or as lines."""

    def __init__(self) -> None:
        self._id = uuid.uuid4().hex
        self._calls = 0

    def read(self, payload: Json) -> Iterator[Piece]:
        """The pieces of a response, or of a line."""
        if "error" in payload:
            yield Piece(error=pieces.error(payload, 500))
            return
        message = payload["message"]
        thoughts, text = message.get("thinking"), message.get("content")
        delta = {**({"reasoning_content": thoughts} if thoughts else {}), **({"content": text} if text else {})}
        calls = [self._call(call) for call in message.get("tool_calls") or ()]
        yield Piece(id=self._id, delta=delta | ({"tool_calls": calls} if calls else {}))
        if payload["done"]:
            yield Piece(finish=self._finish(payload.get("done_reason")), usage=usage(payload), is_last=True)

    def _finish(self, reason: str | None) -> str:
        if self._calls:
            return "tool_calls"
        return "length" if reason == "length" else "stop"

    def _call(self, given: Json) -> Json:
        place, function = self._calls, given["function"]
        self._calls += 1
        call_id = given.get("id") or f"call_{uuid.uuid4().hex}"
        return pieces.call(place, call_id, function["name"], json.dumps(function.get("arguments") or {}))


def usage(counts: Json) -> Json | None:
    """OpenAI's usage; None where there are no counts."""
    if "eval_count" not in counts:
        return None
    return pieces.usage(counts.get("prompt_eval_count") or 0, counts["eval_count"])


async def lines_of(body: AsyncIterator[bytes]) -> Events:
    """Yield the lines of a body, each as an event; the last one may lack its end."""
    rest = b""
    async for data in body:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield Event(line, line.decode())
    if rest.strip():
        yield Event(rest, rest.decode())
