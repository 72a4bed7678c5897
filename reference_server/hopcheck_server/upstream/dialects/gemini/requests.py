"""Requests to Gemini, whose names may be written in two ways: `systemInstruction` or `system_instruction`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.provider_request import (
    ConversationTurn,
    MessagePart,
    PartKind,
    ProviderRequest,
    Role,
    Tool,
    merged_turns,
    objects,
)
from hopcheck_server.upstream.dialects.request import Route

_NAMES = {
    "maxOutputTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "stopSequences": "stop",
    "seed": "seed",
    "candidateCount": "n",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
_CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none"}
_STRUCTURE = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "model"}

PARAMETERS = frozenset(_NAMES.values())
"""Parameters that the API has a place for, by OpenAI's names."""


def camel(name: str) -> str:
    """A name as answers write it."""
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def member(value: Json, name: str) -> Any:
    """A member, in whichever way its name is written; None if there is none."""
    return next((inner for key, inner in value.items() if camel(key) == name), None)


def object_member(value: Json, name: str) -> Json:
    """A member that is an object; an empty one otherwise."""
    found = member(value, name)
    return found if isinstance(found, dict) else {}


def read(route: Route, payload: Json) -> ProviderRequest:
    """A request in the form that all dialects share; what is malformed is left out."""
    return ProviderRequest(
        model=route.model,
        system=tuple(_texts(object_member(payload, "systemInstruction"))),
        turns=merged_turns([_turn(content) for content in objects(payload.get("contents"))]),
        tools=tuple(_tools(payload)),
        tool_choice=_tool_choice(payload),
        parameters=_parameters(payload),
        stream=route.stream,
    )


def _parameters(payload: Json) -> Json:
    """Those of the configuration, and all other fields; names that OpenAI doesn't have as answers write them."""
    others = {camel(name): value for name, value in payload.items() if camel(name) not in _STRUCTURE}
    config = {camel(name): value for name, value in object_member(payload, "generationConfig").items()}
    return {_NAMES.get(name, name): value for name, value in {**others, **config}.items()}


def _texts(content: Json) -> Iterator[str]:
    return (part["text"] for part in objects(content.get("parts")) if isinstance(part.get("text"), str))


def _turn(content: Json) -> ConversationTurn:
    role: Role = "assistant" if content.get("role") == "model" else "user"
    return ConversationTurn(role=role, parts=tuple(map(_part, objects(content.get("parts")))))


def _part(part: Json) -> MessagePart:
    signature = str(member(part, "thoughtSignature") or "")
    call, result = object_member(part, "functionCall"), object_member(part, "functionResponse")
    blob, file = object_member(part, "inlineData"), object_member(part, "fileData")
    if call:
        ids = {"id": str(call.get("id") or ""), "name": str(call.get("name") or "")}
        return MessagePart(kind="call", arguments=call.get("args"), signature=signature, **ids)
    if result:
        ids = {"id": str(result.get("id") or ""), "name": str(result.get("name") or "")}
        return MessagePart(kind="result", text=_result_text(result.get("response")), **ids)
    if blob:
        return MessagePart(kind="image", text=f"data:{member(blob, 'mimeType')};base64,{blob.get('data')}")
    if file:
        return MessagePart(kind="image", text=str(member(file, "fileUri")))
    kind: PartKind = "reasoning" if part.get("thought") is True else "text"
    return MessagePart(kind=kind, text=str(part.get("text") or ""), signature=signature)


def _result_text(response: Any) -> str:
    """A result's text: an object with one text says that, any other is JSON."""
    if isinstance(response, dict) and len(response) == 1:
        (only,) = response.values()
        if isinstance(only, str):
            return only
    return compact(response)


def _tools(payload: Json) -> Iterator[Tool]:
    for tool in objects(payload.get("tools")):
        for declaration in objects(member(tool, "functionDeclarations")):
            parameters = member(declaration, "parametersJsonSchema") or declaration.get("parameters")
            yield Tool(
                name=str(declaration.get("name") or ""),
                description=str(declaration.get("description") or ""),
                parameters=parameters if isinstance(parameters, dict) else {},
            )


def _tool_choice(payload: Json) -> str:
    config = object_member(object_member(payload, "toolConfig"), "functionCallingConfig")
    mode, names = config.get("mode"), member(config, "allowedFunctionNames")
    if mode == "ANY" and isinstance(names, list) and len(names) == 1:
        return str(names[0])
    return _CHOICES.get(str(mode), "")
