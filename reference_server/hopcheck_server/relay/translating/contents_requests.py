"""Requests to Gemini, made of requests for chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from hopcheck_server.relay.translating.message_requests import SYSTEM_ROLES, merged

Json = dict[str, Any]

_NAMES = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "seed": "seed",
    "n": "candidateCount",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}


def translated(body: Json) -> Json:
    """The request for content."""
    messages = [one for one in body.get("messages") or () if isinstance(one, dict)]
    systems = [part for one in messages if one.get("role") in SYSTEM_ROLES for part in parts(one.get("content"))]
    tools = [tool(one["function"]) for one in body.get("tools") or ()]
    asked = {
        "systemInstruction": {"parts": systems} if systems else None,
        "generationConfig": configuration(body),
        "tools": [{"functionDeclarations": tools}] if tools else None,
        "toolConfig": {"functionCallingConfig": mode(body)} if tools and body.get("tool_choice") else None,
    }
    return {"contents": list(merged(turns(messages), "parts")), **{name: one for name, one in asked.items() if one}}


def configuration(body: Json) -> Json:
    """The parameters."""
    stop, schema = body.get("stop"), _schema(body.get("response_format"))
    found = {_NAMES[name]: body[name] for name in _NAMES if body.get(name) is not None}
    found |= {"stopSequences": [stop] if isinstance(stop, str) else stop} if stop else {}
    return found | ({"responseMimeType": "application/json", "responseJsonSchema": schema} if schema else {})


def _schema(form: Any) -> Any:
    return form["json_schema"]["schema"] if isinstance(form, dict) and form.get("type") == "json_schema" else None


def turns(messages: Iterable[Json]) -> Iterator[Json]:
    """Each message but those of the system, as a turn; results name the function that was called."""
    names: dict[str, str] = {}
    for message in messages:
        role, content = message.get("role"), list(parts(message.get("content")))
        if role == "tool":
            call_id, text = str(message.get("tool_call_id")), "".join(part["text"] for part in content)
            named = {"name": names.get(call_id, call_id), "response": {"result": text}}
            yield {"role": "user", "parts": [{"functionResponse": named}]}
        elif role == "assistant":
            calls = message.get("tool_calls") or ()
            names |= {one["id"]: one["function"]["name"] for one in calls}
            yield {"role": "model", "parts": [*content, *map(call, calls)]}
        elif role not in SYSTEM_ROLES:
            yield {"role": "user", "parts": content}


def parts(content: Any) -> Iterator[Json]:
    """The parts of a text, or of parts; empty texts are left out."""
    given: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for part in given:
        if part.get("type") == "text" and part["text"]:
            yield {"text": part["text"]}
        elif part.get("type") == "image_url":
            yield {"inlineData": _blob(part["image_url"]["url"])}


def _blob(url: str) -> Json:
    media_type, found, data = url.removeprefix("data:").partition(";base64,")
    if not (url.startswith("data:") and found):
        raise ValueError("only images that are given as data have a translation")
    return {"mimeType": media_type, "data": data}


def call(one: Json) -> Json:
    """A part for a call."""
    function = one["function"]
    signature = ((one.get("extra_content") or {}).get("google") or {}).get("thought_signature")
    made = {"name": function["name"], "args": json.loads(function.get("arguments") or "{}")}
    return {"functionCall": made, **({"thoughtSignature": signature} if signature else {})}


def tool(function: Json) -> Json:
    """A declaration for a function."""
    described = {"description": function["description"]} if function.get("description") else {}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function["name"], **described, "parametersJsonSchema": schema}


def mode(body: Json) -> Json:
    """The choice among the tools."""
    choice = body["tool_choice"]
    if isinstance(choice, dict):
        return {"mode": "ANY", "allowedFunctionNames": [choice["function"]["name"]]}
    return {"mode": _MODES[choice]}
