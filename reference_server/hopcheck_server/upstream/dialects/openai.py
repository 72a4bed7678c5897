"""OpenAI's API as a provider speaks it: chat completions, embeddings, models, and Azure's paths to the same.

Renders a turn for a request. Knows nothing of how the bytes leave.
"""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

from hopcheck_server.upstream.dialects import openai_embeddings
from hopcheck_server.upstream.dialects.openai_ask import Ask, Shape
from hopcheck_server.upstream.dialects.openai_chat import IDENTITY, ChatPiece, Json, compact, pieces
from hopcheck_server.upstream.dialects.openai_whole import Whole
from hopcheck_server.upstream.playback.rendered import BODILESS, RenderedResponse, head, merged
from hopcheck_server.upstream.script.reply import USAGE
from hopcheck_server.upstream.script.turns import Choice, Completion, Delivery, Headers, Turn

MODELS = ("fake-model", "fake-embedding", "gpt-4o-mini", "text-embedding-3-small")
"""What `/v1/models` lists."""

SMALL = 32 * 1024
"""An answer of less bytes may be kept for the next request like this."""

MODELS_CREATED = 1_735_689_600
"""When those say that they were made: unix seconds."""

TEXT = ("Hello", " from", " the", " hopcheck", " upstream", ".")
"""The default answer."""

_JSON: Headers = (("content-type", "application/json"),)
_STREAM: Headers = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_METHODS = {"chat": b"POST", "embeddings": b"POST"}
_PLAIN = Delivery()
_KEPT = 4096


class _Rendered(NamedTuple):
    """What of a turn's answer is the same for every attempt.

    Attributes:
        turn: The turn; kept, so that its id stays its own.
        pieces: The body, all but the identity.
        head: Status and headers.
        request_id: Whether the dialect's request id is to be added to those.
        stream: Whether it is an event stream.
        plain: See `RenderedResponse.plain`.
    """

    turn: Turn
    pieces: list[ChatPiece]
    head: bytes
    request_id: bool
    stream: bool
    plain: bool


class Renderer:
    """Renders turns; what doesn't depend on the attempt is rendered once and kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Shape], _Rendered] = {}

    def render(self, turn: Turn, ask: Ask, seed: bytes, number: int) -> RenderedResponse:
        """Render a turn for a request.

        Args:
            turn: What is to be said.
            ask: What was asked.
            seed: Hexadecimal digits that the answer's ids begin with.
            number: The attempt's; the same seed and number give the same ids.
        """
        tag = b"%b%x" % (seed, number)
        if turn.completion is not None or turn.events is not None:
            return self._chat(turn, ask, tag, seed)
        if turn.body is not None:
            return _json(turn, tag, turn.body)
        if turn.embedding is not None:
            return _embeddings(turn, ask, tag)
        return self._default(turn, ask, tag, seed)

    def _default(self, turn: Turn, ask: Ask, tag: bytes, seed: bytes) -> RenderedResponse:
        wanted = _METHODS.get(ask.kind, b"GET")
        method = ask.method.decode("latin-1")
        if not ask.kind:
            return _error(turn, tag, 404, f"Unknown request URL: {method} {ask.path}", "unknown_url")
        if ask.method != wanted and (wanted, ask.method) != (b"GET", b"HEAD"):
            return _error(turn, tag, 405, f"Not allowed: {method} {ask.path}", "method_not_supported")
        if wanted == b"POST" and ask.payload is None:
            return _error(turn, tag, 400, "The body of the request isn't a JSON object.", None)
        if ask.kind == "chat":
            return self._chat(turn, ask, tag, seed)
        return _embeddings(turn, ask, tag) if ask.kind == "embeddings" else _listing(turn, ask, tag)

    def _chat(self, turn: Turn, ask: Ask, tag: bytes, seed: bytes) -> RenderedResponse:
        made = self._kept.get((id(turn), ask.shape)) or self._prepare(turn, ask.shape)
        model = compact(ask.model).encode()
        small = made.plain and len(made.pieces[0].after) < SMALL
        if ask.again and small and made.request_id and not made.pieces[0].own and ask.method == b"POST":
            ask.kept = Whole(turn, made.head, b',"model":%b%b' % (model, made.pieces[0].after), seed)
        ask.again = True
        kind = b"chat.completion.chunk" if made.stream else b"chat.completion"
        identity = b'{"id":"chatcmpl-hop%b","object":"%b","created":%d,"model":%b' % (tag, kind, time.time(), model)
        body = [_join(piece, identity) for piece in made.pieces]
        lines = b"%bx-request-id: req_hop%b\r\n" % (made.head, tag) if made.request_id else made.head
        return RenderedResponse(lines, body, made.stream, made.plain, turn.status in BODILESS)

    def _prepare(self, turn: Turn, shape: Shape) -> _Rendered:
        said = _filled(turn, shape)
        streams = said.events is not None or shape.stream
        own = _STREAM if streams else _JSON
        request_id = not any(name.lower() == "x-request-id" for name, _ in turn.headers)
        plain = not streams and turn.delivery == _PLAIN and turn.status not in BODILESS
        lines = head(turn.status, merged(own, turn.headers))
        made = _Rendered(turn, pieces(said, shape), lines, request_id, streams, plain)
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[id(turn), shape] = made
        return made


def _filled(turn: Turn, shape: Shape) -> Turn:
    """The turn itself, or with the default answer if it says nothing."""
    if turn.events is not None or turn.completion is not None:
        return turn
    said = Completion(choices=(Choice(text=TEXT),) * shape.n, usage=USAGE)
    return Turn(status=turn.status, headers=turn.headers, completion=said, delivery=turn.delivery)


def _join(piece: ChatPiece, identity: bytes) -> bytes:
    before, own, after = piece
    if own is None:
        return after
    if own:
        identity = _changed(identity, own)
    return before + identity + after


def _changed(identity: bytes, own: Json) -> bytes:
    """An identity in which the script says some of the fields itself."""
    said = json.loads(identity + b"}")
    return compact({name: own.get(name, said[name]) for name in IDENTITY})[:-1].encode()


def _json(turn: Turn, tag: bytes, body: bytes, status: int | None = None) -> RenderedResponse:
    """An answer that isn't a chat: JSON, unless the script's headers say otherwise."""
    code = turn.status if status is None else status
    request_id = ("x-request-id", f"req_hop{tag.decode()}")
    empty = code in BODILESS
    lines = head(code, merged((*_JSON, request_id), turn.headers))
    return RenderedResponse(lines, [] if empty else [body], empty=empty, plain=not empty and turn.delivery == _PLAIN)


def _embeddings(turn: Turn, ask: Ask, tag: bytes) -> RenderedResponse:
    return _json(turn, tag, openai_embeddings.render(turn.embedding, ask.payload or {}, ask.model))


def _listing(turn: Turn, ask: Ask, tag: bytes) -> RenderedResponse:
    if ask.kind == "model" and ask.model not in MODELS:
        return _error(turn, tag, 404, f"The model '{ask.model}' does not exist", "model_not_found", "model")
    said: Json = {"status": "ok"}
    if ask.kind == "model":
        said = _model(ask.model)
    elif ask.kind == "models":
        said = {"object": "list", "data": [_model(name) for name in MODELS]}
    return _json(turn, tag, compact(said).encode())


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "hopcheck"}


def _error(
    turn: Turn, tag: bytes, status: int, message: str, code: str | None, param: str | None = None
) -> RenderedResponse:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return _json(turn, tag, compact({"error": error}).encode(), status)
