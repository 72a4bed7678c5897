"""Request bodies, and where the marker goes in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

Body = dict[str, Any]

CHAT_PATH = "/chat/completions"
EMBEDDINGS_PATH = "/embeddings"

OMIT: Any = object()
"""Given for a field: leave it out."""


def chat_body(model: str, marker: str, fields: Body) -> Body:
    """A chat request's body: the fields given, with the marker in the last user message."""
    body: Body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}], **fields}
    body = {key: value for key, value in body.items() if value is not OMIT}
    if "messages" in body:
        body["messages"] = marked(body["messages"], marker)
    return body


def function_tools(*names: str) -> list[Body]:
    """The functions that a request offers: a provider calls none that it wasn't offered."""
    parameters = {"type": "object", "properties": {}}
    return [{"type": "function", "function": {"name": name, "parameters": parameters}} for name in names]


def marked(messages: Any, marker: str) -> Any:
    """The messages with the marker at the end of the last user message's text; all else is as it was."""
    if not isinstance(messages, list) or not messages:
        return messages
    messages = copy.deepcopy(messages)
    asked = [message for message in messages if isinstance(message, dict) and message.get("role") == "user"]
    if not asked:
        return messages
    last = asked[-1]
    if isinstance(last.get("content"), list):
        last["content"].append({"type": "text", "text": marker})
    else:
        last["content"] = f"{last.get('content') or ''} {marker}".lstrip()
    return messages


Input = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""What an embeddings request may hold: a text, several, one token array, or several."""


def embedding_body(model: str, marker: str, given: Input, fields: Body) -> Body:
    """An embeddings request's body, with the marker at the end of the last input (as bytes in a token array)."""
    several = not isinstance(given, str) and bool(given) and not isinstance(given[0], int)
    marked_input = [*given[:-1], _with_marker(given[-1], marker)] if several else _with_marker(given, marker)
    body = {"model": model, "input": marked_input, **fields}
    return {key: value for key, value in body.items() if value is not OMIT}


def _with_marker(one: Any, marker: str) -> Any:
    return f"{one} {marker}" if isinstance(one, str) else [*one, *marker.encode()]


def encode(body: Any) -> bytes:
    """JSON as clients send it: UTF-8, compact, keys in the order given."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
