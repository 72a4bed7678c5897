"""How a target was asked: the operation that a request belongs to."""

from __future__ import annotations

from typing import Any

OTHER = "other"
"""Of requests that belong to no operation: health checks, unknown paths."""

_BY_PATH = {"/chat/completions": "chat", "/embeddings": "embeddings", "/models": "models"}


def operation_of(method: str, path: str, body: Any) -> str:
    """The operation of a request.

    Args:
        method: Its HTTP method.
        path: Its path, with any prefix and query.
        body: Its JSON body, parsed; None if it has none.

    Returns:
        `chat`, `chat.stream`, `embeddings`, `models`, or `other`.
    """
    plain = path.partition("?")[0].rstrip("/")
    found = next((name for end, name in _BY_PATH.items() if plain.endswith(end)), OTHER)
    if found == OTHER and method in ("GET", "HEAD") and "/models/" in plain:
        return "models"
    streams = isinstance(body, dict) and body.get("stream") is True
    return "chat.stream" if found == "chat" and streams else found


def contract_path(url: str, base_path: str) -> str:
    """A request's path as the contracts have it: below `/v1`, whatever the base URL's path is, without its query."""
    path = plain_path(url)
    return f"/v1{path.removeprefix(base_path)}" if path.startswith(f"{base_path}/") else path


def plain_path(url: str) -> str:
    """A URL's path, without its query."""
    return "/" + url.partition("://")[2].partition("/")[2].partition("?")[0]
