"""OpenAI's Responses API."""

from __future__ import annotations

import re

from hopcheck_contracts.sse import Event
from hopcheck_load.measurement.surfaces.prompt import PARAMETERS, SYSTEM, TASK, TOOL, TOOL_ABOUT, Prompt, ToolTurn
from hopcheck_load.measurement.surfaces.surface import NOTHING, EventContent, Json, Surface

_TOOLS = [{"type": "function", "name": TOOL, "description": TOOL_ABOUT, "parameters": PARAMETERS, "strict": True}]
_COMPLETED = re.compile(rb'"type"\s*:\s*"response\.completed"')


class ResponsesSurface(Surface):
    """Responses: typed events, which repeat the whole text when it is complete."""

    name = "responses"
    label = "the Responses API"
    path = "/responses"
    text_key = b"delta"
    finish = end = _COMPLETED
    repeats = 4  # with the text, its part, its item and the response

    def body(self, model: str, prompt: Prompt) -> Json:
        """See `Surface`."""
        if not prompt.is_session:
            return {"model": model, "input": prompt.text}
        session = [item for turn in prompt.turns for item in _items(turn)]
        asked = [_user(TASK), *session, _user(prompt.text)]
        return {"model": model, "instructions": SYSTEM, "input": asked, "tools": _TOOLS}

    def content(self, event: Event) -> EventContent:
        """See `Surface`."""
        match event.json:
            case {"type": "response.output_text.delta", "delta": str(delta)}:
                return EventContent(delta)
            case {"type": "response.output_text.done", "text": str(text)}:
                return EventContent(whole=text)
            case {"type": "response.completed", "response": dict(response)}:
                return EventContent(whole=_text_of(response), finishes=True, ends=True)
        return NOTHING


def _text_of(response: Json) -> str | None:
    """Return the text of a response's messages; None if it has no output."""
    items = [item for item in response.get("output") or () if isinstance(item, dict) and item.get("type") == "message"]
    parts = [part for item in items for part in item.get("content") or () if isinstance(part, dict)]
    return "".join(str(part.get("text", "")) for part in parts) if items else None


def _user(text: str) -> Json:
    return {"role": "user", "content": text}


def _items(turn: ToolTurn) -> tuple[Json, Json]:
    call = {"type": "function_call", "call_id": turn.id, "name": TOOL, "arguments": turn.arguments}
    return call, {"type": "function_call_output", "call_id": turn.id, "output": turn.result}


RESPONSES = ResponsesSurface()
