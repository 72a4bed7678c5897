"""OpenAI's chat completions."""

from __future__ import annotations

import re
from typing import Any

from hopcheck_contracts.sse import Event
from hopcheck_load.measurement.surfaces.prompt import PARAMETERS, SYSTEM, TASK, TOOL, TOOL_ABOUT, Prompt, ToolTurn
from hopcheck_load.measurement.surfaces.surface import NOTHING, EventContent, Json, Surface

_TOOLS = [{"type": "function", "function": {"name": TOOL, "description": TOOL_ABOUT, "parameters": PARAMETERS}}]


class ChatSurface(Surface):
    """Chat completions."""

    name = "chat"
    label = "chat completions"
    path = "/chat/completions"
    text_key = b"content"
    finish = re.compile(rb'"finish_reason"\s*:\s*"stop"')
    end = re.compile(rb"\[DONE\]")

    def body(self, model: str, prompt: Prompt) -> Json:
        """See `Surface`."""
        if not prompt.is_session:
            return {"model": model, "messages": [_user(prompt.text)]}
        session = [message for turn in prompt.turns for message in _messages(turn)]
        begun = [{"role": "system", "content": SYSTEM}, _user(TASK)]
        return {"model": model, "messages": [*begun, *session, _user(prompt.text)], "tools": _TOOLS}

    def content(self, event: Event) -> EventContent:
        """See `Surface`."""
        if event.is_done:
            return EventContent(ends=True)
        match event.json:
            case {"choices": [{"delta": dict(delta), **choice}, *_]}:
                return EventContent(_text(delta), finishes=choice.get("finish_reason") == "stop")
            case {"choices": [{"finish_reason": "stop"}, *_]}:
                return EventContent(finishes=True)
        return NOTHING


def _text(delta: Json) -> str:
    content = delta.get("content")
    return content if isinstance(content, str) else ""


def _user(text: str) -> Json:
    return {"role": "user", "content": text}


def _messages(turn: ToolTurn) -> tuple[Json, Json]:
    function: dict[str, Any] = {"name": TOOL, "arguments": turn.arguments}
    call = {"id": turn.id, "type": "function", "function": function}
    result = {"role": "tool", "tool_call_id": turn.id, "content": turn.result}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, result


CHAT = ChatSurface()
