"""Google's Gemini API as a provider speaks it: contents, counts of tokens, embeddings."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import replace
from typing import Any

from hopcheck_server.upstream.dialects.arguments import parsed_arguments
from hopcheck_server.upstream.dialects.dialect import Dialect, Refusal, default_completion, is_unknown
from hopcheck_server.upstream.dialects.gemini import embeddings, requests
from hopcheck_server.upstream.dialects.gemini.errors import error_body
from hopcheck_server.upstream.dialects.gemini.responses import FINISHES, body, events
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest
from hopcheck_server.upstream.dialects.request import DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import TAG, Template, TextTemplate, stamped
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.reply import USAGE
from hopcheck_server.upstream.script.turns import Choice, Completion, Embedding, HeaderFields, Turn

MAX_CANDIDATES = 8
"""As many as the API allows."""

_ARRAY = "array"

_PATH = re.compile(r"(?:/v1(?:beta|alpha)?)?/models/([^:]+):(\w+)")
_ROUTES = {
    "generateContent": Route("chat"),
    "streamGenerateContent": Route("chat", stream=True),
    "countTokens": Route("count_tokens"),
    "embedContent": Route("embeddings"),
    "batchEmbedContents": Route("embeddings"),
}
_OWN: HeaderFields = (("server-timing", "gfet4t7; dur=12"), ("x-content-type-options", "nosniff"))
_JSON: HeaderFields = (("content-type", "application/json; charset=UTF-8"), *_OWN)
_STREAM: HeaderFields = (("content-type", "text/event-stream"), *_OWN)


class Gemini(Dialect):
    """Its streams end without a terminator, and their lines in CRLF."""

    name = "gemini"
    label = "Gemini"
    nearby = ("/v1beta/", "/models/")
    credential_header = "x-goog-api-key"
    request_id_header = ""
    omits = frozenset(
        {"call ids", "JSON schemas", "image URLs", "stream terminators", "embedding usage"}
    )  # a result names the function
    has_choices = True
    leading_events = -1  # the first has content
    parameters = requests.PARAMETERS
    carries = frozenset({"response_format"})

    def route(self, path: str) -> Route | None:
        """The methods of a model, with a version before them or without."""
        match = _PATH.fullmatch(path)
        known = match and _ROUTES.get(match[2])
        return replace(known, model=match[1]) if match and known else None

    def shape(self, payload: Json, route: Route) -> Shape:
        """A stream or not, as the path says, of events or as an array, and how many candidates."""
        count = requests.member(requests.object_member(payload, "generationConfig"), "candidateCount")
        candidates = min(count, MAX_CANDIDATES) if type(count) is int and count > 0 else 1
        variant = _ARRAY if route.stream and "alt=sse" not in route.query.split("&") else ""
        return Shape(stream=route.stream, n=candidates, variant=variant)

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Events, or one body."""
        completion = turn.completion or default_completion((" ", TAG) if marked else (), choices=shape.n)
        if turn.delivery.stamps:
            completion = stamped(completion, stream=shape.stream)
        headers = _STREAM if shape.stream and not shape.variant else _JSON
        pieces = _pieces(completion, shape, turn.delivery.line_end)
        return TextTemplate.make(turn, pieces, headers=headers, request_id="", stream=shape.stream)

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """A status as all of Google's APIs have it."""
        return error_body(status, error)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request for a model that isn't there, or without contents."""
        if is_unknown(request.model):
            return 404, ErrorStory(message=f"models/{request.model} is not found for API version v1beta.")
        if request.kind == "chat" and not (request.payload or {}).get("contents"):
            return 400, ErrorStory(message="* GenerateContentRequest.contents: contents is not specified")
        return None

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """Embeddings, or the count of a request's tokens."""
        if request.kind == "embeddings":
            return embeddings.render(embedding, request.payload or {})
        return {"totalTokens": USAGE["prompt_tokens"]}

    def obstacle(self, turn: Turn) -> str:
        """Also that a stream has no terminator which could be left out or sent twice."""
        if turn.delivery.done != 1:
            return f"{self.label}'s streams have no terminator"
        return super().obstacle(turn)

    def completion_obstacle(self, completion: Completion) -> str:
        """Several candidates are no obstacle; what one of them can't say is."""
        if completion.extra:
            return f"{self.label} has no field {', '.join(completion.extra)}"
        return next(filter(None, map(self._choice_obstacle, completion.choices)), "")

    def _choice_obstacle(self, choice: Choice) -> str:
        if choice.logprobs:
            return f"{self.label}'s log probabilities have another form"
        if choice.message:
            return f"{self.label} has no message field {', '.join(choice.message)}"
        if choice.finish not in FINISHES:
            return f"{self.label} has no finish reason for {choice.finish}"
        if not _is_base64(choice.signature):
            return f"{self.label}'s signatures are base64"
        if any(parsed_arguments(call) is None for call in choice.tool_calls):
            return f"{self.label} sends arguments as an object"
        return ""

    def embedding_obstacle(self, embedding: Embedding) -> str:
        """None."""
        return ""

    def read(self, path: str, payload: Json) -> ProviderRequest | None:
        """The request as all dialects have it."""
        route = self.route(path)
        return requests.read(route, payload) if route else None


def _pieces(completion: Completion, shape: Shape, line_end: str) -> list[str]:
    if not shape.stream:
        return [json.dumps(body(completion), ensure_ascii=False, indent=2)]
    texts = map(compact, events(completion))
    if shape.variant == _ARRAY:
        return [*(f"{',' if place else '['}{text}\n" for place, text in enumerate(texts)), "]"]
    end = "\r\n" if line_end == "\n" else line_end
    return [f"data: {text}{end}{end}" for text in texts]


def _is_base64(text: Any) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True)) or not text
    except binascii.Error:
        return False
