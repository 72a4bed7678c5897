"""Reads a request to OpenAI's Responses API in the form that all dialects share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    ProviderRequest,
    Role,
    Tool,
    objects,
    read_conversation,
)

PARAMETERS = frozenset({"max_tokens", "temperature", "top_p", "user", "parallel_tool_calls", "store", "metadata"})
"""Parameters that the API has a place for, by OpenAI's names."""

_STRUCTURE = {"model", "input", "instructions", "tools", "tool_choice", "stream", "max_output_tokens"}
_SYSTEM = ("system", "developer")


def read(payload: Json) -> ProviderRequest:
    """Read a request's body; what is malformed is left out."""
    given = payload.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)
    instructions = payload.get("instructions")
    system = [instructions] if isinstance(instructions, str) else []
    return read_conversation(
        payload,
        system=(*system, *(text for item in items if item.get("role") in _SYSTEM for text in _texts(item))),
        turns=[turn for item in items for turn in _turns(item)],
        tools=[_tool(one) for one in objects(payload.get("tools")) if one.get("type") == "function"],
        tool_choice=_tool_choice(payload.get("tool_choice")),
        parameters=_parameters(payload),
    )


def _texts(item: Json) -> list[str]:
    content = item.get("content")
    return [content] if isinstance(content, str) else [str(part.get("text", "")) for part in objects(content)]


def _turns(item: Json) -> Iterator[ConversationTurn]:
    role: Role = "user" if item.get("role") == "user" or item.get("type") == "function_call_output" else "assistant"
    parts = () if item.get("role") in _SYSTEM else tuple(_parts(item))
    if parts:
        yield ConversationTurn(role=role, parts=parts)


def _parts(item: Json) -> Iterator[MessagePart]:
    match item:
        case {"type": "function_call", "call_id": str(identity), "name": str(name)}:
            arguments = loads_or_none(str(item.get("arguments", "")))
            yield MessagePart(kind="call", id=identity, name=name, arguments=arguments)
        case {"type": "function_call_output", "call_id": str(identity)}:
            yield MessagePart(kind="result", id=identity, text="".join(_texts({"content": item.get("output")})))
        case {"type": "reasoning"}:
            text = "".join(str(one.get("text", "")) for one in objects(item.get("summary")))
            yield MessagePart(kind="reasoning", text=text, signature=str(item.get("encrypted_content") or ""))
        case {"content": str(text)}:
            yield MessagePart(kind="text", text=text)
        case _:
            yield from _content(objects(item.get("content")))


def _content(parts: list[Json]) -> Iterator[MessagePart]:
    for part in parts:
        match part:
            case {"type": "input_text" | "output_text", "text": str(text)}:
                yield MessagePart(kind="text", text=text)
            case {"type": "input_image", "image_url": str(url)}:
                yield MessagePart(kind="image", text=url)


def _tool(tool: Json) -> Tool:
    parameters = tool.get("parameters")
    return Tool(
        name=str(tool.get("name", "")),
        description=str(tool.get("description") or ""),
        parameters=parameters if isinstance(parameters, dict) else {},
    )


def _tool_choice(choice: Any) -> str:
    return str(choice.get("name", "")) if isinstance(choice, dict) else str(choice or "")


def _parameters(payload: Json) -> dict[str, Any]:
    limit = {"max_tokens": payload["max_output_tokens"]} if "max_output_tokens" in payload else {}
    return {name: value for name, value in payload.items() if name not in _STRUCTURE} | limit
