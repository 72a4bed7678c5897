"""What a request to OpenAI's API asks for: which endpoint, which model, what form of answer."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic_core import from_json

from hopcheck_server.upstream.dialects.openai_whole import Whole

MAX_CHOICES = 128
"""As many as the API allows."""

_AZURE = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")
_PATHS = {
    prefix + path: kind
    for prefix in (b"/v1", b"", b"/openai/v1")
    for path, kind in {b"/chat/completions": "chat", b"/embeddings": "embeddings", b"/models": "models"}.items()
} | {b"/health": "health", b"/health/liveliness": "health"}  # the latter is LiteLLM's, whose place it may take


class Shape(NamedTuple):
    """What a request says about the form of its answer."""

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
        shape: What the body says about the answer's form.
        again: Whether it has been answered before.
        kept: The answer to this request the last time that it came, if it can be given again.
    """

    __slots__ = ("again", "kept", "kind", "method", "model", "payload", "shape", "url")

    def __init__(self, method: bytes, url: bytes, body: bytes) -> None:
        self.method = method
        self.url = url
        self.model = ""
        kind = _PATHS.get(url)
        self.kind = self._from_path() if kind is None else kind
        self.payload: dict[str, Any] | None = None
        if body:
            self._read(body)
        self.shape = _shape(self.payload) if self.payload else _PLAIN
        self.again = False
        self.kept: Whole | None = None

    def _read(self, body: bytes) -> None:
        try:
            said = from_json(body)
        except ValueError:
            return
        if isinstance(said, dict):
            self.payload = said
            model = said.get("model")
            if isinstance(model, str):
                self.model = model

    @property
    def path(self) -> str:
        """The path, without its query."""
        return self.url.partition(b"?")[0].decode("latin-1")

    def _from_path(self) -> str:
        path = self.path
        known = _PATHS.get(path.encode("latin-1"))
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
    count, options = payload.get("n"), payload.get("stream_options")
    return Shape(
        stream=payload.get("stream") is True,
        include_usage=isinstance(options, dict) and options.get("include_usage") is True,
        n=min(count, MAX_CHOICES) if type(count) is int and count > 0 else 1,
    )
