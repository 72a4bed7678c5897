"""Anthropic's Messages API as a provider: messages, token counts, models."""

from __future__ import annotations

from urllib.parse import unquote

from hopcheck_server.upstream.dialects.anthropic import errors, request_reader
from hopcheck_server.upstream.dialects.anthropic.messages import STOP_REASONS, events, message
from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.dialect import MODELS, Dialect, Refusal, default_completion, is_unknown
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest
from hopcheck_server.upstream.dialects.request import DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import (
    JSON_HEADERS,
    STREAM_HEADERS,
    TAG,
    Template,
    TextTemplate,
    stamped,
)
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Completion, Embedding, Turn

BYTES_A_TOKEN = 4
"""How many bytes of a conversation the count takes for one token."""

MODELS_CREATED = "2025-01-01T00:00:00Z"

_ROUTES = {
    "/messages": Route("chat"),
    "/messages/count_tokens": Route("count_tokens"),
    "/models": Route("models", method="GET"),
}


class Anthropic(Dialect):
    """Messages, whole and as named events."""

    name = "anthropic"
    label = "Anthropic's Messages API"
    nearby = ("/v1/messages", "/messages")
    credential_header = "x-api-key"
    request_id_header = "request-id"
    telltale_header = "anthropic-version"
    leading_events = 2  # the start of a block, and a ping
    parameters = request_reader.PARAMETERS
    carries = frozenset({"response_format"})

    def route(self, path: str) -> Route | None:
        """The three endpoints, and one model of the list."""
        rest = path.removeprefix("/v1")
        model = rest.removeprefix("/models/")
        is_model = model != rest and model and ":" not in model
        return Route("model", unquote(model), method="GET") if is_model else _ROUTES.get(rest)

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Named events, or one message."""
        completion = turn.completion or default_completion((" ", TAG) if marked else ())
        completion = stamped(completion, stream=shape.stream) if turn.delivery.stamps else completion
        pieces = events(completion, turn.delivery) if shape.stream else [compact(message(completion))]
        headers = STREAM_HEADERS if shape.stream else JSON_HEADERS
        return TextTemplate.make(turn, pieces, headers=headers, request_id=self.request_id_header, stream=shape.stream)

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """Anthropic's error object; its types follow the status."""
        return {**errors.event(status, error), "request_id": f"req_hop{tag}"}

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request without a model, messages or a limit of tokens."""
        if request.kind == "models":
            return None
        if is_unknown(request.model) or (request.kind == "model" and request.model not in MODELS):
            return 404, ErrorStory(message=f"model: {request.model}")
        return None if request.kind == "model" else _missing(request)

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """A token count, a model, or the list of them."""
        if request.kind == "count_tokens":
            return {"input_tokens": len(compact(_conversation(request.payload or {})).encode()) // BYTES_A_TOKEN}
        if request.kind == "model":
            return _model(request.model)
        models = [_model(name) for name in MODELS]
        return {"data": models, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}

    def completion_obstacle(self, completion: Completion) -> str:
        """Also no usage, calls whose pieces alternate, and calls whose arguments are no object."""
        (choice,) = completion.choices if len(completion.choices) == 1 else (None,)
        if choice is None:
            return super().completion_obstacle(completion)
        if completion.usage is None:
            return f"{self.label} always reports usage"
        if completion.usage_on_last_content:
            return f"{self.label} has one place for usage"
        if completion.interleave and len(choice.tool_calls) > 1:
            return f"{self.label} sends one call after the other"
        if choice.finish not in STOP_REASONS:
            return f"{self.label} has no stop reason for {choice.finish!r}"
        if any(parsed_arguments(call) is None for call in choice.tool_calls):
            return f"{self.label} has calls only with an object as their input"
        return super().completion_obstacle(completion)

    def read(self, path: str, payload: Json) -> ProviderRequest:
        """See `request_reader`."""
        return request_reader.read(payload)


def _missing(request: DialectRequest) -> Refusal | None:
    payload = request.payload or {}
    needed = {"model": str, "messages": list, **({"max_tokens": int} if request.kind == "chat" else {})}
    absent = next((name for name, kind in needed.items() if not isinstance(payload.get(name), kind)), None)
    if absent or not payload.get("messages"):
        return 400, ErrorStory(message=f"{absent or 'messages'}: Field required")
    return None


def _conversation(payload: Json) -> Json:
    return {name: payload[name] for name in ("system", "messages", "tools") if name in payload}


def _model(name: str) -> Json:
    return {"type": "model", "id": name, "display_name": name, "created_at": MODELS_CREATED}
