"""Ollama's own API as a server speaks it: chats, embeddings, the description of a model."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.dialect import Dialect, Refusal, default_completion, is_unknown
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.ollama import requests
from hopcheck_server.upstream.dialects.ollama.responses import FINISHES, body, lines
from hopcheck_server.upstream.dialects.openai_embeddings.vectors import USAGE, inputs_of, vector_of
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest
from hopcheck_server.upstream.dialects.request import PLAIN, DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import TAG, Template, TextTemplate, stamped
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Completion, Embedding, HeaderFields, Turn

_ROUTES = {"/api/chat": Route("chat"), "/api/embed": Route("embeddings"), "/api/show": Route("show")}
_JSON: HeaderFields = (("content-type", "application/json; charset=utf-8"),)
_STREAM: HeaderFields = (("content-type", "application/x-ndjson"),)
_DESCRIPTION = {
    "details": {"format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "8.0B"},
    "model_info": {"general.architecture": "llama", "llama.context_length": 8192, "llama.embedding_length": 4096},
    "capabilities": ["completion", "tools", "thinking"],
    "template": "{{ .Prompt }}{{ .Tools }}",
    "modified_at": "2026-01-01T00:00:00Z",
}


class Ollama(Dialect):
    """It streams unless the request says that it wants no stream; a stream is JSON lines, whose last has the counts."""

    name = "ollama"
    label = "Ollama"
    nearby = ("/api/",)
    request_id_header = ""
    omits = frozenset(
        {"call ids", "media types", "image URLs", "tool choice", "null content", "stream terminators", "usage details"}
    )
    leading_events = -1  # the first has content
    parameters = requests.PARAMETERS
    carries = frozenset({"response_format"})

    def route(self, path: str) -> Route | None:
        """Chats, embeddings, the description of a model."""
        return _ROUTES.get(path)

    def shape(self, payload: Json, route: Route) -> Shape:
        """A stream, unless the request says that it wants none."""
        return PLAIN if payload.get("stream") is False else Shape(stream=True)

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Lines, or one body."""
        completion = turn.completion or default_completion((" ", TAG) if marked else ())
        if turn.delivery.stamps:
            completion = stamped(completion, stream=shape.stream)
        if shape.stream:
            pieces = [f"{compact(line)}{turn.delivery.line_end}" for line in lines(completion)]
        else:
            pieces = [compact(body(completion))]
        headers = _STREAM if shape.stream else _JSON
        return TextTemplate.make(turn, pieces, headers=headers, request_id="", stream=shape.stream)

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """A message, and nothing else."""
        return {"error": str(error.message)}

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request that names no model, or one that isn't there."""
        model = request.model or str((request.payload or {}).get("name") or "")  # older clients name it so
        if not model:
            return 400, ErrorStory(message="model is required")
        return (404, ErrorStory(message=f"model '{model}' not found")) if is_unknown(model) else None

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """Embeddings, or the description of a model."""
        return _DESCRIPTION if request.kind == "show" else _embeddings(request, embedding)

    def obstacle(self, turn: Turn) -> str:
        """Also that a stream has no terminator which could be left out or sent twice."""
        if turn.delivery.done != 1:
            return f"{self.label}'s streams have no terminator"
        if turn.delivery.comment:
            return f"{self.label}'s streams have no comments"
        return super().obstacle(turn)

    def completion_obstacle(self, completion: Completion) -> str:
        """Also a signature, arguments that are no object, and an ending that it has no word for."""
        obstacle = super().completion_obstacle(completion)
        if obstacle:
            return obstacle
        choice = completion.choices[0]
        if choice.finish not in FINISHES:
            return f"{self.label} has no finish reason for {choice.finish}"
        if choice.signature:
            return f"{self.label} has no signature of the reasoning"
        if any(parsed_arguments(call) is None for call in choice.tool_calls):
            return f"{self.label} sends arguments as an object"
        return ""

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """None."""
        return ""

    def read(self, path: str, payload: Json) -> ProviderRequest | None:
        """The request as all dialects have it."""
        return requests.read(payload)


def _embeddings(request: DialectRequest, scripted: Embedding | None) -> Json:
    payload = request.payload or {}
    vectors, texts = scripted.vectors if scripted else (), inputs_of(payload.get("input"))
    made = [
        vectors[index % len(vectors)] if vectors else vector_of(text, payload.get("dimensions"))
        for index, text in enumerate(texts)
    ]
    usage = (scripted.usage if scripted else None) or USAGE
    counts = {"total_duration": 5_000_000, "load_duration": 1_000_000, "prompt_eval_count": usage["prompt_tokens"]}
    return {"model": request.model, "embeddings": made, **counts}
