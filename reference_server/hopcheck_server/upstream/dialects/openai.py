"""OpenAI's API as a provider speaks it: chat completions, embeddings, models, and Azure's paths to the same.

Renders a turn for a request. Knows nothing of how the bytes leave.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any

from hopcheck_server.upstream.dialects import openai_embeddings
from hopcheck_server.upstream.dialects.openai_ask import Ask, Shape
from hopcheck_server.upstream.dialects.openai_chat import IDENTITY, ChatPiece, Json, compact, pieces
from hopcheck_server.upstream.playback import rendered
from hopcheck_server.upstream.playback.rendered import BODILESS, RenderedResponse, head, merged, this_second
from hopcheck_server.upstream.script.reply import USAGE
from hopcheck_server.upstream.script.turns import Choice, Completion, HeaderFields, Turn

MODELS = ("fake-model", "fake-embedding", "gpt-4o-mini", "text-embedding-3-small")
"""What `/v1/models` lists."""

UNKNOWN_MODEL = "hopcheck-no-such-model"
"""A model that is none, for everybody; any other name is served."""

MODELS_CREATED = 1_735_689_600
"""When those say that they were made: unix seconds."""

TEXT = ("Hello", " from", " the", " hopcheck", " upstream", ".")
"""The default content."""

NONCE = b"$NONCE"
"""In the default content of a marked request: stands for the response's own id, so that another one's text shows."""

MARKED_TEXT = (*TEXT, " ", NONCE.decode())
"""The default content of a marked request."""

_JSON: HeaderFields = (("content-type", "application/json"),)
_STREAM: HeaderFields = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_MESSAGES, _INPUT = (list,), (list, str)  # as what they may be given
_METHODS = {"chat": "POST", "embeddings": "POST"}
_MAX_RENDERED = 4096


@dataclass(frozen=True, slots=True)
class _Rendered:
    """What of a turn's response is the same for every attempt.

    Attributes:
        turn: The turn; kept, so that its id stays its own.
        pieces: The body, all but the identity.
        head: Status and headers.
        kind: The `object` of its identity.
        has_request_id: Whether the dialect's request id is to be added to the headers.
        has_nonce: Whether a piece has a `NONCE`.
        stream: Whether it is an event stream.
        is_plain: See `RenderedResponse`.
    """

    turn: Turn
    pieces: list[ChatPiece]
    head: bytes
    kind: bytes
    has_request_id: bool
    has_nonce: bool
    stream: bool
    is_plain: bool


class Renderer:
    """Renders turns; what is the same for every attempt is rendered once and kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Shape, bool], _Rendered] = {}

    def render(self, turn: Turn, ask: Ask, tag: bytes, marked: bool = False) -> RenderedResponse:
        """Render a turn for a request.

        Args:
            turn: What is to be sent.
            ask: The request.
            tag: What the response's ids end with.
            marked: Whether the request has a marker; the default content then ends with the response's id.
        """
        if (turn.completion is not None or turn.events is not None) and ask.kind != "embeddings":
            return self._chat(turn, ask, tag, marked)
        if turn.body is not None:
            return _json(turn, tag, turn.body)
        if turn.embedding is not None:
            return _embeddings(turn, ask, tag)
        return self._default(turn, ask, tag, marked)

    def _default(self, turn: Turn, ask: Ask, tag: bytes, marked: bool) -> RenderedResponse:
        wanted = _METHODS.get(ask.kind, "GET")
        if not ask.kind:
            return _error(turn, tag, 404, f"Unknown request URL: {ask.method} {ask.path}", "unknown_url")
        if ask.method != wanted and (wanted, ask.method) != ("GET", "HEAD"):
            return _error(turn, tag, 405, f"Not allowed: {ask.method} {ask.path}", "method_not_supported")
        if wanted == "POST" and ask.payload is None:
            return _error(turn, tag, 400, "The body of the request isn't a JSON object.", None)
        if wanted == "GET":
            return _listing(turn, ask, tag)
        refusal = _refusal(turn, ask, tag)
        if refusal or ask.kind == "embeddings":
            return refusal or _embeddings(turn, ask, tag)
        return self._chat(turn, ask, tag, marked)

    def _chat(self, turn: Turn, ask: Ask, tag: bytes, marked: bool) -> RenderedResponse:
        made = self._kept.get((id(turn), ask.shape, marked)) or self._prepare(turn, ask.shape, marked)
        model = encode_basestring(ask.model).encode()
        created = this_second().number
        identity = b'{"id":"chatcmpl-hop%b","object":"%b","created":%b,"model":%b' % (tag, made.kind, created, model)
        body = [
            before + (_changed(identity, own) if own else identity) + after if own is not None else after
            for before, own, after in made.pieces
        ]
        if made.has_nonce:
            body = [piece.replace(NONCE, tag) for piece in body]
        lines = b"%bx-request-id: req_hop%b\r\n" % (made.head, tag) if made.has_request_id else made.head
        return RenderedResponse(lines, body, made.stream, turn.status in BODILESS, made.is_plain)

    def _prepare(self, turn: Turn, shape: Shape, marked: bool) -> _Rendered:
        filled = _filled(turn, shape, MARKED_TEXT if marked else TEXT)
        streams = filled.events is not None or shape.stream
        parts = pieces(filled, shape)
        made = _Rendered(
            turn,
            parts,
            head(turn.status, merged(_STREAM if streams else _JSON, turn.headers)),
            b"chat.completion.chunk" if streams else b"chat.completion",
            has_request_id=not any(name.lower() == "x-request-id" for name, _ in turn.headers),
            has_nonce=filled is not turn and marked,
            stream=streams,
            is_plain=not streams and rendered.is_plain(turn, len(parts[0][2])),
        )
        if len(self._kept) >= _MAX_RENDERED:
            self._kept.clear()
        self._kept[id(turn), shape, marked] = made
        return made


def _filled(turn: Turn, shape: Shape, text: tuple[str, ...]) -> Turn:
    """The turn itself, or with the default content if it has none."""
    if turn.events is not None or turn.completion is not None:
        return turn
    content = Completion(choices=(Choice(text=text),) * shape.n, usage=USAGE)
    return Turn(status=turn.status, headers=turn.headers, completion=content, delivery=turn.delivery)


def _changed(identity: bytes, own: Json) -> bytes:
    """An identity in which the script gives some of the fields itself."""
    fields = json.loads(identity + b"}")
    return compact({name: own.get(name, fields[name]) for name in IDENTITY})[:-1].encode()


def _json(turn: Turn, tag: bytes, body: bytes, status: int | None = None) -> RenderedResponse:
    """A response that isn't a chat: JSON, unless the script's headers say otherwise."""
    code = turn.status if status is None else status
    request_id = ("x-request-id", f"req_hop{tag.decode()}")
    lines = head(code, merged((*_JSON, request_id), turn.headers))
    plain = rendered.is_plain(turn, len(body)) and code not in BODILESS
    return RenderedResponse(lines, [body], bodiless=code in BODILESS, is_plain=plain)


def _embeddings(turn: Turn, ask: Ask, tag: bytes) -> RenderedResponse:
    return _json(turn, tag, openai_embeddings.render(turn.embedding, ask.payload or {}, ask.model))


def _listing(turn: Turn, ask: Ask, tag: bytes) -> RenderedResponse:
    if ask.kind == "model" and ask.model not in MODELS:
        return _error(turn, tag, 404, f"The model '{ask.model}' does not exist", "model_not_found", "model")
    listing: Json = {"status": "ok"}
    if ask.kind == "model":
        listing = _model(ask.model)
    elif ask.kind == "models":
        listing = {"object": "list", "data": [_model(name) for name in MODELS]}
    return _json(turn, tag, compact(listing).encode())


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "hopcheck"}


def _refusal(turn: Turn, ask: Ask, tag: bytes) -> RenderedResponse | None:
    """What OpenAI answers to a request without a model, for one that nobody serves, or with nothing to work on."""
    if not ask.model:
        return _error(turn, tag, 400, "You must provide a model parameter.", None, "model")
    if ask.model == UNKNOWN_MODEL:
        return _error(turn, tag, 404, f"The model '{ask.model}' does not exist", "model_not_found", "model")
    field, kinds = ("messages", _MESSAGES) if ask.kind == "chat" else ("input", _INPUT)
    value = ask.payload and ask.payload.get(field)
    if not isinstance(value, kinds) or not value:
        return _error(turn, tag, 400, f"'{field}' is missing, empty or of the wrong type.", None, field)
    return None


def _error(
    turn: Turn, tag: bytes, status: int, message: str, code: str | None, param: str | None = None
) -> RenderedResponse:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return _json(turn, tag, compact({"error": error}).encode(), status)
