"""Anthropic's Messages."""

from __future__ import annotations

import re

from hopcheck_contracts.sse import Event
from hopcheck_load.measurement.surfaces.prompt import PARAMETERS, SYSTEM, TASK, TOOL, TOOL_ABOUT, Prompt, ToolTurn
from hopcheck_load.measurement.surfaces.surface import NOTHING, EventContent, Json, Surface

MAX_TOKENS = 1_024
"""What a request allows: the API has no default."""

_TOOLS = [{"name": TOOL, "description": TOOL_ABOUT, "input_schema": PARAMETERS}]


class MessagesSurface(Surface):
    """Messages: named events."""

    name = "messages"
    label = "Messages"
    path = "/messages"
    headers = ("anthropic-version: 2023-06-01",)
    text_key = b"text"
    finish = re.compile(rb'"stop_reason"\s*:\s*"end_turn"')
    end = re.compile(rb'"type"\s*:\s*"message_stop"')

    def body(self, model: str, prompt: Prompt) -> Json:
        """See `Surface`."""
        head = {"model": model, "max_tokens": MAX_TOKENS}
        if not prompt.is_session:
            return {**head, "messages": [_user(prompt.text)]}
        session = [message for turn in prompt.turns for message in _messages(turn)]
        asked = [_user(TASK), *session, _user(prompt.text)]
        return {**head, "system": SYSTEM, "messages": asked, "tools": _TOOLS}

    def content(self, event: Event) -> EventContent:
        """See `Surface`."""
        match event.json:
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(text)}}:
                return EventContent(text)
            case {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}:
                return EventContent(finishes=True)
            case {"type": "message_stop"}:
                return EventContent(ends=True)
        return NOTHING


def _user(text: str) -> Json:
    return {"role": "user", "content": text}


def _messages(turn: ToolTurn) -> tuple[Json, Json]:
    call = {"type": "tool_use", "id": turn.id, "name": TOOL, "input": {"path": turn.path}}
    result = {"type": "tool_result", "tool_use_id": turn.id, "content": turn.result}
    return {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}


MESSAGES = MessagesSurface()
