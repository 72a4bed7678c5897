"""The embeddings endpoint of OpenAI's API."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.dialect import Dialect, Refusal
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_chat.requests import PREFIXES, error_body, missing, refused_model
from hopcheck_server.upstream.dialects.openai_embeddings import vectors
from hopcheck_server.upstream.dialects.request import DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import Template
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Completion, Embedding, Turn

_PATHS = frozenset(f"{prefix}/embeddings" for prefix in PREFIXES)


class OpenAIEmbeddings(Dialect):
    """Vectors as lists of floats or in base64."""

    name = "openai_embeddings"
    label = "OpenAI's embeddings"
    is_openai = True

    def route(self, path: str) -> Route | None:
        """The one endpoint."""
        return Route("embeddings") if path in _PATHS else None

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """There is none: vectors depend on the request."""
        raise NotImplementedError

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """OpenAI's error object."""
        return error_body(error)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request without a model or without input."""
        return refused_model(request) or missing(request, "input", (list, str))

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """One vector for each input."""
        return vectors.render(embedding, request.payload or {}, request.model)

    def completion_obstacle(self, completion: Completion) -> str:
        """There are no completions."""
        return f"{self.label} have no text"

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """None."""
        return ""
