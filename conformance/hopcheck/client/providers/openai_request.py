"""A provider's request in OpenAI's form, made of what all dialects share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hopcheck_server.upstream.dialects.provider_request import ConversationTurn, MessagePart, ProviderRequest, Tool

Json = dict[str, Any]


def openai_request(request: ProviderRequest) -> Json:
    """The body of the request for a chat completion that asks the same."""
    messages = [{"role": "system", "content": text} for text in request.system]
    messages += [message for turn in request.turns for message in _messages(turn)]
    asked = {"tools": [_tool(tool) for tool in request.tools], "tool_choice": request.tool_choice}
    return {
        "model": request.model,
        "messages": messages,
        **request.parameters,
        **({"stream": True} if request.stream else {}),
        **{name: value for name, value in asked.items() if value},
    }


def _messages(turn: ConversationTurn) -> Iterator[Json]:
    """A turn's messages: results of tools have one each, before the others."""
    for part in turn.parts:
        if part.kind == "result":
            yield {"role": "tool", "tool_call_id": part.id, "content": part.text}
    calls = [_call(part) for part in turn.parts if part.kind == "call"]
    content = [_content(part) for part in turn.parts if part.kind in ("text", "image")]
    plain = content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content or None
    if content or calls:
        yield {"role": turn.role, "content": plain, **({"tool_calls": calls} if calls else {})}


def _content(part: MessagePart) -> Json:
    if part.kind == "image":
        return {"type": "image_url", "image_url": {"url": part.text}}
    return {"type": "text", "text": part.text}


def _call(part: MessagePart) -> Json:
    function = {"name": part.name, "arguments": json.dumps(part.arguments, sort_keys=True)}
    return {"id": part.id, "type": "function", "function": function}


def _tool(tool: Tool) -> Json:
    described = {"description": tool.description} if tool.description else {}
    return {"type": "function", "function": {"name": tool.name, **described, "parameters": tool.parameters}}
