"""Reads a request to Anthropic's Messages API in the form that all dialects share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    ProviderRequest,
    Role,
    Tool,
    objects,
    read_conversation,
    texts_of,
)

PARAMETERS = frozenset({"max_tokens", "temperature", "top_p", "top_k", "stop", "user", "parallel_tool_calls"})
"""Parameters that the API has a place for, by OpenAI's names."""

_STRUCTURE = {"model", "messages", "system", "tools", "tool_choice", "stream", "stop_sequences", "metadata"}
_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def read(payload: Json) -> ProviderRequest:
    """Read a request's body; what is malformed is left out."""
    turns = [_turn(one) for one in objects(payload.get("messages"))]
    return read_conversation(
        payload,
        system=texts_of(payload.get("system")),
        turns=turns,
        tools=[_tool(one) for one in objects(payload.get("tools"))],
        tool_choice=_tool_choice(payload.get("tool_choice")),
        parameters=_parameters(payload),
    )


def _turn(message: Json) -> ConversationTurn:
    role: Role = "assistant" if message.get("role") == "assistant" else "user"
    content = message.get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else objects(content)
    return ConversationTurn(role=role, parts=tuple(_parts(blocks)))


def _parts(blocks: list[Json]) -> Iterator[MessagePart]:
    for block in blocks:
        match block:
            case {"type": "text", "text": str(text)}:
                yield MessagePart(kind="text", text=text)
            case {"type": "thinking", "thinking": str(text)}:
                yield MessagePart(kind="reasoning", text=text, signature=str(block.get("signature", "")))
            case {"type": "image", "source": dict(source)}:
                yield MessagePart(kind="image", text=_image_url(source))
            case {"type": "tool_use", "id": str(identity), "name": str(name)}:
                yield MessagePart(kind="call", id=identity, name=name, arguments=block.get("input"))
            case {"type": "tool_result", "tool_use_id": str(identity)}:
                yield MessagePart(kind="result", id=identity, text="".join(texts_of(block.get("content"))))


def _image_url(source: Json) -> str:
    if source.get("type") == "base64":
        return f"data:{source.get('media_type')};base64,{source.get('data')}"
    return str(source.get("url", ""))


def _tool(tool: Json) -> Tool:
    schema = tool.get("input_schema")
    parameters = schema if isinstance(schema, dict) else {}
    return Tool(name=str(tool.get("name", "")), description=str(tool.get("description") or ""), parameters=parameters)


def _tool_choice(choice: Any) -> str:
    if not isinstance(choice, dict):
        return ""
    kind = str(choice.get("type"))
    return str(choice.get("name", "")) if kind == "tool" else _CHOICES.get(kind, "")


def _parameters(payload: Json) -> dict[str, Any]:
    parameters = {name: value for name, value in payload.items() if name not in _STRUCTURE}
    stops = payload.get("stop_sequences")
    if isinstance(stops, list) and stops:
        parameters["stop"] = stops
    metadata, choice = payload.get("metadata"), payload.get("tool_choice")
    if isinstance(metadata, dict) and "user_id" in metadata:
        parameters["user"] = metadata["user_id"]
    if isinstance(choice, dict) and choice.get("disable_parallel_tool_use") is True:
        parameters["parallel_tool_calls"] = False
    return parameters
