"""OpenAI's chat completions as a provider sends them, and what else its API has that isn't a dialect of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from json.encoder import encode_basestring
from typing import ClassVar
from urllib.parse import unquote

from hopcheck_server.upstream.dialects.dialect import MODELS, MODELS_CREATED, Dialect, Refusal, default_completion
from hopcheck_server.upstream.dialects.json_text import Json, compact
from hopcheck_server.upstream.dialects.openai_chat.chunks import IDENTITY, ChatPiece, ChatStyle, pieces
from hopcheck_server.upstream.dialects.openai_chat.request_reader import read
from hopcheck_server.upstream.dialects.openai_chat.requests import (
    PREFIXES,
    error_body,
    missing,
    refused_model,
    unknown_model,
)
from hopcheck_server.upstream.dialects.provider_request import ProviderRequest
from hopcheck_server.upstream.dialects.request import MAX_CHOICES, PLAIN, DialectRequest, Route, Shape
from hopcheck_server.upstream.dialects.template import JSON_HEADERS, STREAM_HEADERS, Template
from hopcheck_server.upstream.playback import rendered
from hopcheck_server.upstream.playback.rendered import BODILESS, RenderedResponse, head, merged, this_second
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Completion, Embedding, Turn

NONCE = b"$NONCE"
"""In the default content of a marked request: stands for the tag of the response's own id."""

_FOREIGN = {"paused": "a turn that pauses", "malformed_call": "a call that can't be read"}
_GETS = {"/health": Route("health", method="GET"), "/health/liveliness": Route("health", method="GET")}
_PATHS = {
    **{f"{prefix}/chat/completions": Route("chat") for prefix in PREFIXES},
    **{f"{prefix}/models": Route("models", method="GET") for prefix in PREFIXES},
    **_GETS,  # the second is LiteLLM's, whose place the upstream may take
}


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """What of a chat response is the same for every attempt: all but the identity.

    Attributes:
        pieces: The body.
        head: Status and headers.
        object: The `object` of its identity.
        has_request_id: Whether the dialect's request id is to be added to the headers.
        has_nonce: Whether a piece has a `NONCE`.
        stream: Whether it is an event stream.
        is_bodiless: Whether its status allows no body.
        is_plain: See `RenderedResponse`.
    """

    pieces: list[ChatPiece]
    head: bytes
    object: bytes
    has_request_id: bool
    has_nonce: bool
    stream: bool
    is_bodiless: bool
    is_plain: bool

    def fill(self, model: str, tag: bytes) -> RenderedResponse:
        """See `Template`."""
        name, created = encode_basestring(model).encode(), this_second().number
        identity = b'{"id":"chatcmpl-hop%b","object":"%b","created":%b,"model":%b' % (tag, self.object, created, name)
        nonce = tag if self.has_nonce else NONCE
        body = ChatBody(self.pieces, identity, nonce) if self.stream else [_filled(self.pieces[0], identity, nonce)]
        lines = b"%bx-request-id: req_hop%b\r\n" % (self.head, tag) if self.has_request_id else self.head
        return RenderedResponse(lines, body, self.stream, self.is_bodiless, self.is_plain)


@dataclass(slots=True)
class ChatBody:
    """A template's pieces with an identity, put together each time that they are read.

    Attributes:
        pieces: The template's.
        identity: The beginning of a JSON object.
        nonce: What stands in the place of `NONCE`.
    """

    pieces: list[ChatPiece]
    identity: bytes
    nonce: bytes

    def __iter__(self) -> Iterator[bytes]:
        """One piece after the other."""
        for piece in self.pieces:
            yield _filled(piece, self.identity, self.nonce)


class OpenAIChat(Dialect):
    """Chat completions, models, and a health check; every path that no dialect knows is answered in this one.

    Attributes:
        style: Where it differs from other servers of the same API.
    """

    name = "openai_chat"
    label = "OpenAI's chat completions"
    nearby = ("/",)
    style: ClassVar[ChatStyle] = ChatStyle()
    is_openai = has_choices = True

    def route(self, path: str) -> Route | None:
        """Chat completions, models, health."""
        known = _PATHS.get(path)
        if known:
            return known
        before, _, name = path.removeprefix("/v1").partition("/models/")
        return Route("model", unquote(name), method="GET") if name and not before and ":" not in name else None

    def shape(self, payload: Json, route: Route) -> Shape:
        """A stream or not, with usage or not, and how many choices."""
        if "stream" not in payload and "n" not in payload:
            return PLAIN
        stream, count, options = payload.get("stream") is True, payload.get("n"), payload.get("stream_options")
        include_usage = isinstance(options, dict) and options.get("include_usage") is True
        return Shape(stream, include_usage, min(count, MAX_CHOICES) if type(count) is int and count > 0 else 1)

    def template(self, turn: Turn, shape: Shape, *, marked: bool) -> Template:
        """Chunks, or one body."""
        is_default = turn.events is None and turn.completion is None
        if is_default:
            ending = (" ", NONCE.decode()) if marked else ()
            turn = replace(turn, completion=default_completion(ending, choices=shape.n))
        streams = turn.events is not None or shape.stream
        parts = pieces(turn, shape, self.style)
        return ChatTemplate(
            parts,
            head(turn.status, merged(STREAM_HEADERS if streams else JSON_HEADERS, turn.headers)),
            b"chat.completion.chunk" if streams else b"chat.completion",
            has_request_id=not any(name.lower() == "x-request-id" for name, _ in turn.headers),
            has_nonce=is_default and marked,
            stream=streams,
            is_bodiless=turn.status in BODILESS,
            is_plain=not streams and rendered.is_plain(turn, len(parts[0][2])),
        )

    def error_body(self, status: int, error: ErrorStory, tag: str) -> Json:
        """OpenAI's error object."""
        return error_body(error)

    def own_refusal(self, request: DialectRequest) -> Refusal | None:
        """A request for a model that isn't there, or without messages."""
        if request.kind == "chat":
            return refused_model(request) or missing(request, "messages", (list,))
        if request.kind == "model" and request.model not in MODELS:
            return unknown_model(request.model)
        return None

    def answer(self, request: DialectRequest, embedding: Embedding | None) -> Json:
        """A model, the list of them, or that all is well."""
        if request.kind == "model":
            return _model(request.model)
        if request.kind == "models":
            return {"object": "list", "data": [_model(name) for name in MODELS]}
        return {"status": "ok"}

    def obstacle(self, turn: Turn) -> str:
        """Literal bodies and streams are this dialect's own."""
        return "" if turn.events is not None or turn.body is not None else super().obstacle(turn)

    def completion_obstacle(self, completion: Completion) -> str:
        """Signatures, and endings that other providers have."""
        if any(choice.signature for choice in completion.choices):
            return f"{self.label} have no signature of the reasoning"
        foreign = next((_FOREIGN[choice.finish] for choice in completion.choices if choice.finish in _FOREIGN), "")
        return f"{self.label} have no finish reason for {foreign}" if foreign else ""

    def read(self, path: str, payload: Json) -> ProviderRequest | None:
        """See `request_reader`."""
        return read(payload)


def _filled(piece: ChatPiece, identity: bytes, nonce: bytes) -> bytes:
    before, own, after = piece
    if own is None:
        return after
    text = b"".join((before, _changed(identity, own) if own else identity, after))
    return text if nonce is NONCE else text.replace(NONCE, nonce)


def _changed(identity: bytes, own: Json) -> bytes:
    """An identity in which the script gives some of the fields itself."""
    fields = json.loads(identity + b"}")
    return compact({name: own.get(name, fields[name]) for name in IDENTITY})[:-1].encode()


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "hopcheck"}
