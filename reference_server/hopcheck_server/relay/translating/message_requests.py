"""Requests for messages, made of requests for chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

MAX_TOKENS = 4096
"""Anthropic needs a limit; this stands where the client names none."""

SYSTEM_ROLES = ("system", "developer")

_CHOICES = {"auto": "auto", "required": "any", "none": "none"}
_SAME = ("model", "stream", "temperature", "top_p")


def translated(body: Json) -> Json:
    """The request for a message."""
    messages = [one for one in body.get("messages") or () if isinstance(one, dict)]
    systems = [block for one in messages if one.get("role") in SYSTEM_ROLES for block in blocks(one.get("content"))]
    stop = body.get("stop")
    parameters = {
        **{name: body[name] for name in _SAME if body.get(name) is not None},
        "max_tokens": body.get("max_completion_tokens") or body.get("max_tokens") or MAX_TOKENS,
        "stop_sequences": [stop] if isinstance(stop, str) else stop,
        "system": systems,
        "tools": [tool(one["function"]) for one in body.get("tools") or ()],
        "tool_choice": tool_choice(body) if body.get("tools") else None,
        "metadata": {"user_id": body["user"]} if body.get("user") else None,
        "output_format": output_format(body.get("response_format")),
    }
    kept = {name: value for name, value in parameters.items() if value not in (None, [])}
    return {**kept, "messages": list(merged(turns(messages)))}


def turns(messages: Iterable[Json]) -> Iterator[Json]:
    """Each message but those of the system, as a turn; results of tools are the user's."""
    for message in messages:
        role, content = message.get("role"), list(blocks(message.get("content")))
        if role == "tool":
            result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": content}
            yield {"role": "user", "content": [result]}
        elif role == "assistant":
            thoughts = message.get("thinking_blocks") or ()
            yield {"role": "assistant", "content": [*thoughts, *content, *map(call, message.get("tool_calls") or ())]}
        elif role not in SYSTEM_ROLES:
            yield {"role": "user", "content": content}


def merged(sequence: Iterable[Json], content: str = "content") -> Iterator[Json]:
    """Turns with content, consecutive ones of one role as one."""
    last: Json | None = None
    for turn in sequence:
        if not turn[content]:
            continue
        if last is not None and last["role"] == turn["role"]:
            last[content] += turn[content]
            continue
        if last is not None:
            yield last
        last = turn
    if last is not None:
        yield last


def blocks(content: Any) -> Iterator[Json]:
    """The content blocks of a text, or of parts; empty texts are left out, since Anthropic refuses them."""
    parts: list[Json] = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    for part in parts:
        if part.get("type") == "text" and part["text"]:
            yield {"type": "text", "text": part["text"]}
        elif part.get("type") == "image_url":
            yield {"type": "image", "source": _source(part["image_url"]["url"])}


def _source(url: str) -> Json:
    media_type, found, data = url.removeprefix("data:").partition(";base64,")
    if url.startswith("data:") and found:
        return {"type": "base64", "media_type": media_type, "data": data}
    return {"type": "url", "url": url}


def output_format(form: Any) -> Json | None:
    """The schema of the response; where any JSON will do, there is nothing to say it with."""
    if not isinstance(form, dict) or form.get("type") != "json_schema":
        return None
    return {"type": "json_schema", "schema": form["json_schema"]["schema"]}


def call(one: Json) -> Json:
    """A block for a call."""
    function = one.get("function") or {}
    arguments = json.loads(function.get("arguments") or "{}")
    return {"type": "tool_use", "id": one.get("id"), "name": function.get("name"), "input": arguments}


def tool(function: Json) -> Json:
    """A tool for a function."""
    described = {"description": function["description"]} if function.get("description") else {}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function["name"], **described, "input_schema": schema}


def tool_choice(body: Json) -> Json:
    """The choice among the tools."""
    choice = body.get("tool_choice")
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    chosen = {"type": "tool", "name": named} if named else {"type": _CHOICES[choice or "auto"]}
    is_single = body.get("parallel_tool_calls") is False and chosen["type"] != "none"
    return {**chosen, "disable_parallel_tool_use": True} if is_single else chosen
