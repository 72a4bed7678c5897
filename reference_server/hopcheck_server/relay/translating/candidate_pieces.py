"""What Gemini's responses and events say, which have the same form."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hopcheck_server.relay import errors
from hopcheck_server.relay.translating import pieces
from hopcheck_server.relay.translating.pieces import Piece

Json = dict[str, Any]

FINISH_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}
"""OpenAI's finish reasons by Gemini's; all others but those of calls are filters."""

MALFORMED = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"})
"""Ends of a candidate that was to have a call, and has none that could be used."""


class CandidateReader:
    """Reads one response, whole or as events."""

    def __init__(self) -> None:
        self._calls: Counter[int] = Counter()

    def read(self, payload: Json) -> Iterator[Piece]:
        """The pieces of a response, or of an event."""
        if "error" in payload:
            yield Piece(error=pieces.error(payload, payload["error"].get("code") or 500))
            return
        used = payload.get("usageMetadata")
        yield Piece(id=payload["responseId"], usage=usage(used) if used else None)
        if "promptFeedback" in payload:
            yield Piece(finish="content_filter")
        for candidate in payload.get("candidates") or ():
            yield from self._candidate(candidate)

    def _candidate(self, candidate: Json) -> Iterator[Piece]:
        index, reason = candidate.get("index") or 0, candidate.get("finishReason")
        for part in (candidate.get("content") or {}).get("parts") or ():
            yield Piece(index=index, delta=self._delta(index, part))
        if reason in MALFORMED:
            message = candidate.get("finishMessage") or "The model made a call that can't be read."
            yield Piece(error=errors.error_body(message, 502, code="malformed_call"))
        elif reason:
            yield Piece(index=index, finish=self._finish(index, reason))

    def _finish(self, index: int, reason: str) -> str:
        finish = FINISH_REASONS.get(reason, "content_filter")
        return "tool_calls" if finish == "stop" and self._calls[index] else finish

    def _delta(self, index: int, part: Json) -> Json:
        if "functionCall" in part:
            return {"tool_calls": [self._call(index, part)]}
        if part.get("thought"):
            return {"reasoning_content": part["text"]}
        return {"content": part["text"]} if part.get("text") else {}

    def _call(self, index: int, part: Json) -> Json:
        """A call, which has no id here, with its signature where Google's own chat completions have it."""
        place, given = self._calls[index], part["functionCall"]
        self._calls[index] += 1
        signature = part.get("thoughtSignature")
        extra = {"extra_content": {"google": {"thought_signature": signature}}} if signature else {}
        call_id = given.get("id") or f"call_{uuid.uuid4().hex}"
        return {**pieces.call(place, call_id, given["name"], json.dumps(given.get("args") or {})), **extra}


def usage(counts: Json) -> Json:
    """OpenAI's usage, whose output has the thoughts, too."""
    thoughts = counts.get("thoughtsTokenCount") or 0
    output = (counts.get("candidatesTokenCount") or 0) + thoughts
    cached = counts.get("cachedContentTokenCount") or 0
    return pieces.usage(counts["promptTokenCount"], output, cached=cached, reasoning=thoughts)
