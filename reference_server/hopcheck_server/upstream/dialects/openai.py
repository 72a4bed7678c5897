"""OpenAI's API as a provider speaks it: chat completions, embeddings, models, and Azure's paths to the same.

Renders a turn for a request. Knows nothing of how the bytes leave.
"""

from __future__ import annotations

import re
import time
from urllib.parse import unquote

from pydantic_core import from_json

from hopcheck_server.upstream.answer import Answer, head, merged
from hopcheck_server.upstream.dialects import openai_embeddings
from hopcheck_server.upstream.dialects.openai_chat import IDENTITY, Json, Piece, Shape, compact, pieces
from hopcheck_server.upstream.reply import USAGE
from hopcheck_server.upstream.script import Choice, Completion, Headers, Turn, Wire

MODELS = ("fake-model", "fake-embedding", "gpt-4o-mini", "text-embedding-3-small")
"""What `/v1/models` lists."""

MODELS_CREATED = 1_735_689_600
"""When those say that they were made: unix seconds."""

MAX_CHOICES = 128
"""As many as the API allows."""

TEXT = ("Hello", " from", " the", " hopcheck", " upstream", ".")
"""The default answer."""

_JSON: Headers = (("content-type", "application/json"),)
_STREAM: Headers = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_PLAIN = Wire()
_KEPT = 4096

_AZURE = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")
_PATHS = {
    prefix + path: kind
    for prefix in ("/v1", "", "/openai/v1")
    for path, kind in {"/chat/completions": "chat", "/embeddings": "embeddings", "/models": "models"}.items()
} | {"/health": "health"}
_METHODS = {"chat": "POST", "embeddings": "POST"}


class Ask:
    """What a request asks for, as far as the dialect reads it.

    Attributes:
        kind: `chat`, `embeddings`, `models`, `model`, `health`, or "" for an unknown path.
        method: The HTTP method.
        path: The path, without its query.
        payload: The JSON object of the body; None if the body isn't one.
        model: The model that is named in the body, or in the path; or "".
    """

    __slots__ = ("kind", "method", "model", "path", "payload")

    def __init__(self, method: str, target: str, body: bytes) -> None:
        self.method = method
        self.path = target.partition("?")[0]
        self.model = ""
        kind = _PATHS.get(self.path)
        self.kind = self._from_path() if kind is None else kind
        self.payload = _object(body)
        named = self.payload.get("model") if self.payload else None
        if isinstance(named, str):
            self.model = named

    def _from_path(self) -> str:
        azure = _AZURE.fullmatch(self.path)
        if azure:
            self.model = unquote(azure[1])
            return "chat" if azure[2] == "chat/completions" else "embeddings"
        before, _, name = self.path.removeprefix("/v1").partition("/models/")
        if name and not before:
            self.model = unquote(name)
            return "model"
        return ""

    @property
    def shape(self) -> Shape:
        """What the body says about the answer's form."""
        payload = self.payload or {}
        options = payload.get("stream_options")
        count = payload.get("n")
        return Shape(
            stream=payload.get("stream") is True,
            include_usage=isinstance(options, dict) and options.get("include_usage") is True,
            n=min(count, MAX_CHOICES) if type(count) is int and count > 0 else 1,
        )


def _object(body: bytes) -> Json | None:
    if not body:
        return None
    try:
        said = from_json(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


class Renderer:
    """Renders turns; what doesn't depend on the attempt is rendered once and kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Shape], tuple[Turn, list[Piece]]] = {}
        self._default: dict[int, Turn] = {}

    def render(self, turn: Turn, ask: Ask, tag: str) -> Answer:
        """Render a turn for a request.

        Args:
            turn: What is to be said.
            ask: What was asked.
            tag: Hexadecimal digits that make the answer's ids; the same tag gives the same ids.
        """
        if turn.body is not None:
            return _answer(turn.status, _JSON, turn, tag, [turn.body])
        if turn.events is not None or turn.completion is not None:
            return self._chat(turn, ask, tag)
        if turn.embedding is not None:
            return _embeddings(turn, ask, tag)
        return self._default_answer(turn, ask, tag)

    def _default_answer(self, turn: Turn, ask: Ask, tag: str) -> Answer:
        wanted = _METHODS.get(ask.kind, "GET")
        if not ask.kind:
            return _error(turn, tag, 404, f"Unknown request URL: {ask.method} {ask.path}", "unknown_url")
        if ask.method != wanted and (wanted, ask.method) != ("GET", "HEAD"):
            return _error(turn, tag, 405, f"Not allowed: {ask.method} {ask.path}", "method_not_supported")
        if wanted == "POST" and ask.payload is None:
            return _error(turn, tag, 400, "The body of the request isn't a JSON object.", None)
        if ask.kind == "chat":
            return self._chat(turn, ask, tag)
        return _embeddings(turn, ask, tag) if ask.kind == "embeddings" else _listing(turn, ask, tag)

    def _chat(self, turn: Turn, ask: Ask, tag: str) -> Answer:
        shape = ask.shape
        streams = turn.events is not None or shape.stream
        object_ = "chat.completion.chunk" if streams else "chat.completion"
        base = {"id": f"chatcmpl-hop{tag}", "object": object_, "created": int(time.time()), "model": ask.model}
        identity = compact(base)[:-1].encode()
        body = [_join(piece, base, identity) for piece in self._pieces(turn, shape)]
        made = _answer(turn.status, _STREAM if streams else _JSON, turn, tag, body)
        made.plain = not streams and turn.wire == _PLAIN
        return made

    def _pieces(self, turn: Turn, shape: Shape) -> list[Piece]:
        kept = self._kept.get((id(turn), shape))
        if kept is None:  # the turn is kept beside its pieces, so its id stays its own
            kept = turn, pieces(_filled(turn, shape), shape)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[id(turn), shape] = kept
        return kept[1]


def _filled(turn: Turn, shape: Shape) -> Turn:
    """The turn itself, or with the default answer if it says nothing."""
    if turn.events is not None or turn.completion is not None:
        return turn
    said = Completion(choices=(Choice(text=TEXT),) * shape.n, usage=USAGE)
    return Turn(status=turn.status, headers=turn.headers, completion=said, wire=turn.wire)


def _join(piece: Piece, base: Json, identity: bytes) -> bytes:
    if piece.own is None:
        return piece.after
    if piece.own:
        identity = compact({name: piece.own.get(name, base[name]) for name in IDENTITY})[:-1].encode()
    return piece.before + identity + piece.after


def _answer(status: int, own: Headers, turn: Turn, tag: str, body: list[bytes]) -> Answer:
    """Make an answer whose head has what the script and the dialect say, and a request id."""
    empty = status in (204, 304)
    lines = head(status, merged(own, turn.headers))
    if b"\r\nx-request-id:" not in lines.lower():
        lines += b"x-request-id: req_hop%b\r\n" % tag.encode()
    return Answer(lines, [] if empty else body, stream=own is _STREAM, empty=empty)


def _embeddings(turn: Turn, ask: Ask, tag: str) -> Answer:
    body = openai_embeddings.render(turn.embedding, ask.payload or {}, ask.model)
    return _answer(turn.status, _JSON, turn, tag, [body])


def _listing(turn: Turn, ask: Ask, tag: str) -> Answer:
    if ask.kind == "model" and ask.model not in MODELS:
        return _error(turn, tag, 404, f"The model '{ask.model}' does not exist", "model_not_found", "model")
    said: Json = {"status": "ok"}
    if ask.kind == "model":
        said = _model(ask.model)
    elif ask.kind == "models":
        said = {"object": "list", "data": [_model(name) for name in MODELS]}
    return _answer(turn.status, _JSON, turn, tag, [compact(said).encode()])


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "hopcheck"}


def _error(turn: Turn, tag: str, status: int, message: str, code: str | None, param: str | None = None) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return _answer(status, _JSON, turn, tag, [compact({"error": error}).encode()])
