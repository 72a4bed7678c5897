"""Requests to Ollama, read into the form that all dialects share."""

from __future__ import annotations

from collections.abc import Iterator

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    ProviderRequest,
    Role,
    Tool,
    merged_turns,
    object_in,
    objects,
)

_NAMES = {
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_STRUCTURE = {"model", "messages", "tools", "options", "stream"}

PARAMETERS = frozenset(_NAMES.values())
"""Parameters that the API has a place for, by OpenAI's names."""


def read(payload: Json) -> ProviderRequest:
    """A chat in the form that all dialects share; what is malformed is left out."""
    messages = objects(payload.get("messages"))
    return ProviderRequest(
        model=str(payload.get("model") or ""),
        system=tuple(_text(message) for message in messages if message.get("role") == "system"),
        turns=merged_turns([_turn(message) for message in messages if message.get("role") != "system"]),
        tools=tuple(_tool(tool) for tool in objects(payload.get("tools"))),
        parameters=_parameters(payload),
        stream=payload.get("stream") is not False,
    )


def _parameters(payload: Json) -> Json:
    options = object_in(payload, "options")
    others = {name: value for name, value in payload.items() if name not in _STRUCTURE}
    return others | {_NAMES.get(name, name): value for name, value in options.items()}


def _text(message: Json) -> str:
    return str(message.get("content") or "")


def _turn(message: Json) -> ConversationTurn:
    if message.get("role") == "tool":
        ids = {"id": str(message.get("tool_call_id") or ""), "name": str(message.get("tool_name") or "")}
        return ConversationTurn(role="user", parts=(MessagePart(kind="result", text=_text(message), **ids),))
    role: Role = "assistant" if message.get("role") == "assistant" else "user"
    return ConversationTurn(role=role, parts=tuple(_parts(message)))


def _parts(message: Json) -> Iterator[MessagePart]:
    if message.get("thinking"):
        yield MessagePart(kind="reasoning", text=str(message["thinking"]))
    if _text(message):
        yield MessagePart(kind="text", text=_text(message))
    images = message.get("images")
    for image in images if isinstance(images, list) else ():
        yield MessagePart(kind="image", text=f"data:;base64,{image}")  # the kind of image isn't sent
    for call in objects(message.get("tool_calls")):
        function = object_in(call, "function")
        name = str(function.get("name") or "")
        yield MessagePart(kind="call", id=str(call.get("id") or ""), name=name, arguments=function.get("arguments"))


def _tool(tool: Json) -> Tool:
    function = object_in(tool, "function")
    parameters = function.get("parameters")
    return Tool(
        name=str(function.get("name") or ""),
        description=str(function.get("description") or ""),
        parameters=parameters if isinstance(parameters, dict) else {},
    )
