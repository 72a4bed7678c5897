"""What a request to OpenAI's API asks for: which endpoint, which model, what form of response."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic_core import from_json

MAX_CHOICES = 128
"""As many as the API allows."""

_AZURE = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")
_PATHS = {
    prefix + path: kind
    for prefix in ("/v1", "", "/openai/v1")
    for path, kind in {"/chat/completions": "chat", "/embeddings": "embeddings", "/models": "models"}.items()
} | {"/health": "health", "/health/liveliness": "health"}  # the latter is LiteLLM's, whose place it may take


class Shape(NamedTuple):
    """What a request says about the form of its response."""

    stream: bool = False
    include_usage: bool = False
    n: int = 1


_PLAIN = Shape()


class Ask:
    """A request, as far as the dialect reads it.

    Attributes:
        kind: `chat`, `embeddings`, `models`, `model`, `health`, or "" for an unknown path.
        method: The HTTP method.
        url: The request target.
        payload: The JSON object of the body; None if the body isn't one.
        model: The model that is named in the body, or in the path; or "".
        shape: What the body says about the response's form.
    """

    __slots__ = ("kind", "method", "model", "payload", "shape", "url")

    def __init__(self, method: str, url: str, body: bytes) -> None:
        self.method = method
        self.url = url
        self.model = ""
        kind = _PATHS.get(url)
        self.kind = self._from_path() if kind is None else kind
        self.payload: dict[str, Any] | None = None
        self.shape = _PLAIN
        if body:
            self._read(body)

    def _read(self, body: bytes) -> None:
        try:
            value = from_json(body)
        except ValueError:
            return
        if isinstance(value, dict):
            self.payload = value
            model = value.get("model")
            if isinstance(model, str):
                self.model = model
            if "stream" in value or "n" in value:
                self.shape = _shape(value)

    @property
    def path(self) -> str:
        """The path, without its query."""
        return self.url.partition("?")[0]

    def _from_path(self) -> str:
        path = self.path
        known = _PATHS.get(path)
        if known:
            return known
        azure = _AZURE.fullmatch(path)
        if azure:
            self.model = unquote(azure[1])
            return "chat" if azure[2] == "chat/completions" else "embeddings"
        before, _, name = path.removeprefix("/v1").partition("/models/")
        if name and not before:
            self.model = unquote(name)
            return "model"
        return ""


def _shape(payload: dict[str, Any]) -> Shape:
    stream, count, options = payload.get("stream") is True, payload.get("n"), payload.get("stream_options")
    include_usage = isinstance(options, dict) and options.get("include_usage") is True
    return Shape(stream, include_usage, min(count, MAX_CHOICES) if type(count) is int and count > 0 else 1)
