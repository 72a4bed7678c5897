"""OpenAI's Responses API as a provider: responses, whole and as typed events."""

from __future__ import annotations

from hopcheck_server.upstream.dialects.dialect import Dialect, Refusal, default_completion
from hopcheck_server.upstream.dialects.json_text import Json
from hopcheck_server.upstream.dialects.openai_chat.requests import PREFIXES, error_body, missing, refused_model
from hopcheck_server.upstream.dialects.openai_responses import request_reader, stored
from hopcheck_server.upstream.dialects.openai_responses.responses import COMPLETE, INCOMPLETE, events, whole
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

_PATHS = frozenset(f"{prefix}/responses" for prefix in (*PREFIXES, "/openai"))

_MESSAGE_FIELDS = {"refusal"}
"""Fields of a story's message that the API has a place for."""


class OpenAIResponses(Dialect):
    """Responses."""

    name = "openai_responses"
    label = "OpenAI's Responses API"
    nearby = ("/v1/responses", "/responses")
    omits = frozenset({"stream terminators"})  # the last event also says how the response ended
    leading_events = 3  # two about the response, and the start of an item and of its part
    parameters = request_reader.PARAMETERS
    carries = frozenset({"response_format"})

    def route(self, path: str) -> Route | None:
        """The endpoint that makes responses, and those about one that is stored."""
        if path in _PATHS:
            return Route("chat")
        home = next((one for one in _PATHS if path.startswith(f"{one}/")), None)
        return None if home is None else stored.route(path.removeprefix(f"{home}/"))

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Typed events, or one response."""
        completion = turn.completion or default_completion((" ", TAG) if marked else ())
        completion = stamped(completion, stream=shape.stream) if turn.delivery.stamps else completion
        pieces = events(completion, turn.delivery) if shape.stream else [whole(completion)]
        headers = STREAM_HEADERS if shape.stream else JSON_HEADERS
        return TextTemplate.make(turn, pieces, headers=headers, request_id=self.request_id_header, stream=shape.stream)

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """OpenAI's error object."""
        return error_body(error)

    def refusal(self, request: DialectRequest) -> Refusal | None:
        """Stored responses are asked for by several methods."""
        return stored.refusal(request) if request.kind in stored.METHODS else super().refusal(request)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request without a model, or with nothing to work on."""
        refused = refused_model(request)
        payload = request.payload or {}
        is_elsewhere = any(payload.get(name) for name in ("prompt", "previous_response_id"))
        if refused or (is_elsewhere and not payload.get("input")):
            return refused
        return missing(request, "input", (str, list))

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """What is asked of a stored response."""
        return stored.answer(request)

    def completion_obstacle(self, completion: Completion) -> str:
        """Also pieces that alternate, and endings that the API has no word for."""
        if len(completion.choices) != 1:
            return super().completion_obstacle(completion)
        (choice,) = completion.choices
        if completion.usage_on_last_content:
            return f"{self.label} has one place for usage"
        if completion.interleave and len(choice.tool_calls) > 1:
            return f"{self.label} sends one call after the other"
        if choice.finish not in COMPLETE | INCOMPLETE.keys():
            return f"{self.label} has no ending for {choice.finish!r}"
        if choice.message.keys() <= _MESSAGE_FIELDS and not completion.extra and not choice.logprobs:
            return ""
        return super().completion_obstacle(completion)

    def read(self, path: str, payload: Json) -> ProviderRequest:
        """See `request_reader`."""
        return request_reader.read(payload)
