"""vLLM's API: OpenAI's chats and embeddings, with reasoning, what stopped an answer, and errors of its own form."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.dialect import Refusal
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_chat.chunks import ChatStyle
from hopcheck_server.upstream.dialects.openai_chat.dialect import OpenAIChat
from hopcheck_server.upstream.dialects.openai_embeddings.dialect import OpenAIEmbeddings
from hopcheck_server.upstream.dialects.request import DialectRequest, Route
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Embedding

_EMBEDDINGS = OpenAIEmbeddings()
_TYPES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}


def _error_body(status: int, error: ErrorStory) -> Json:
    """An error whose type is a class of Python's, and whose code is the status."""
    kind = _TYPES.get(status, "InternalServerError" if status >= 500 else "BadRequestError")
    return {"error": {"message": str(error.message), "type": kind, "param": error.param, "code": status}}


def _stream_error(error: ErrorStory) -> Json:
    return _error_body(error.status, error)


class VLLM(OpenAIChat):
    """Its paths are OpenAI's, so they are its own only behind its name."""

    name = "vllm"
    label = "vLLM"
    is_named_only = True
    style = ChatStyle("reasoning", {"stop_reason": None}, _stream_error, ends_failures=True)

    def route(self, path: str) -> Route | None:
        """Chats, embeddings, models."""
        return super().route(path) or _EMBEDDINGS.route(path)

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """OpenAI's error object, whose code is the status as a number."""
        return _error_body(status, error)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """As the endpoint's own dialect refuses."""
        return _EMBEDDINGS.own_refusal(request) if request.kind == "embeddings" else super().own_refusal(request)

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """Embeddings, models."""
        if request.kind == "embeddings":
            return _EMBEDDINGS.answer(request, embedding)
        return super().answer(request, embedding)

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """None: it is OpenAI's form."""
        return _EMBEDDINGS.embedding_obstacle(embedding)
