"""Reads a request for chat completions in the form that all dialects share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    ProviderRequest,
    Role,
    Tool,
    object_in,
    objects,
    read_conversation,
    texts_of,
)

SYSTEM_ROLES = ("system", "developer")

_STRUCTURE = {"model", "messages", "tools", "tool_choice", "stream", "stream_options"}
_RENAMED = {"max_completion_tokens": "max_tokens"}


def read(payload: Json) -> ProviderRequest:
    """Read a request's body; what is malformed is left out."""
    messages = objects(payload.get("messages"))
    systems = [one for one in messages if one.get("role") in SYSTEM_ROLES]
    turns = [_turn(one) for one in messages if one.get("role") not in SYSTEM_ROLES]
    return read_conversation(
        payload,
        system=[text for one in systems for text in texts_of(one.get("content"))],
        turns=turns,
        tools=[_tool(one) for one in objects(payload.get("tools"))],
        tool_choice=_tool_choice(payload.get("tool_choice")),
        parameters=_parameters(payload),
    )


def _turn(message: Json) -> ConversationTurn:
    if message.get("role") == "tool":
        result = MessagePart(
            kind="result", id=str(message.get("tool_call_id", "")), text="".join(texts_of(message.get("content")))
        )
        return ConversationTurn(role="user", parts=(result,))
    role: Role = "assistant" if message.get("role") == "assistant" else "user"
    calls = objects(message.get("tool_calls"))
    return ConversationTurn(role=role, parts=(*_parts(message.get("content")), *map(_call, calls)))


def _parts(content: Any) -> Iterator[MessagePart]:
    if isinstance(content, str) and content:
        yield MessagePart(kind="text", text=content)
    for part in objects(content):
        match part:
            case {"type": "text", "text": str(text)}:
                yield MessagePart(kind="text", text=text)
            case {"type": "image_url", "image_url": {"url": str(url)}}:
                yield MessagePart(kind="image", text=url)


def _call(call: Json) -> MessagePart:
    function = object_in(call, "function")
    arguments = function.get("arguments")
    return MessagePart(
        kind="call", id=str(call.get("id", "")), name=str(function.get("name", "")), arguments=_parsed(arguments)
    )


def _parsed(arguments: Any) -> Any:
    try:
        return json.loads(arguments or "{}")
    except (TypeError, ValueError, RecursionError):
        return arguments


def _tool(tool: Json) -> Tool:
    function = object_in(tool, "function")
    parameters = function.get("parameters")
    return Tool(
        name=str(function.get("name", "")),
        description=str(function.get("description") or ""),
        parameters=parameters if isinstance(parameters, dict) else {},
    )


def _tool_choice(choice: Any) -> str:
    match choice:
        case str():
            return choice
        case {"function": {"name": str(name)}}:
            return name
        case _:
            return ""


def _parameters(payload: Json) -> dict[str, Any]:
    named = {_RENAMED.get(name, name): value for name, value in payload.items() if name not in _STRUCTURE}
    parameters = {name: value for name, value in named.items() if value is not None}
    if isinstance(parameters.get("stop"), str):
        parameters["stop"] = [parameters["stop"]]
    return parameters
