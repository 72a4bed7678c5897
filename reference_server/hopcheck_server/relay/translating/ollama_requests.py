"""Requests to Ollama, made of requests for chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]

_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "max_tokens": "num_predict",
    "max_completion_tokens": "num_predict",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}


def translated(body: Json) -> Json:
    """The request for a chat.

    Raises:
        ValueError: A tool must be called, or there is an image to fetch: there is no word for either.
    """
    choice, stop = body.get("tool_choice") or "auto", body.get("stop")
    if choice not in ("auto", "none"):
        raise ValueError("Ollama has no word for a tool that must be called")
    options = {_NAMES[name]: body[name] for name in _NAMES if body.get(name) is not None}
    options |= {"stop": [stop] if isinstance(stop, str) else stop} if stop else {}
    tools = body.get("tools") if choice == "auto" else None
    form = body.get("response_format") or {}
    asked = {
        "options": options,
        "tools": tools,
        "format": form["json_schema"]["schema"] if form.get("type") == "json_schema" else None,
    }
    messages = [one for one in body.get("messages") or () if isinstance(one, dict)]
    stream = body.get("stream") is True
    kept = {name: one for name, one in asked.items() if one}
    return {"model": body.get("model"), "messages": list(turns(messages)), "stream": stream, **kept}


def turns(messages: Iterable[Json]) -> Iterator[Json]:
    """Each message; results name the function that was called, besides the id of the call."""
    names: dict[str, str] = {}
    for message in messages:
        role, parts = message.get("role"), _parts(message.get("content"))
        turn: Json = {
            "role": "system" if role == "developer" else role,
            "content": "\n".join(part["text"] for part in parts if part.get("type") == "text"),
        }
        images = [_data(part["image_url"]["url"]) for part in parts if part.get("type") == "image_url"]
        calls = message.get("tool_calls") or ()
        names |= {one["id"]: one["function"]["name"] for one in calls}
        if role == "tool":
            call_id = str(message.get("tool_call_id"))
            turn |= {"tool_call_id": call_id, "tool_name": names.get(call_id, call_id)}
        yield turn | ({"images": images} if images else {}) | ({"tool_calls": list(map(call, calls))} if calls else {})


def _parts(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content or []


def _data(url: str) -> str:
    head, found, data = url.partition(";base64,")
    if not (head.startswith("data:") and found):
        raise ValueError("only images that are given as data have a translation")
    return data


def call(one: Json) -> Json:
    """A call, whose arguments are an object."""
    function = one["function"]
    arguments = json.loads(function.get("arguments") or "{}")
    return {"id": one["id"], "function": {"name": function["name"], "arguments": arguments}}
