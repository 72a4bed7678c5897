"""Renders what an attempt is answered, by its turn and in its dialect."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from hopcheck_server.upstream.dialects.dialect import Dialect
from hopcheck_server.upstream.dialects.json_text import compact
from hopcheck_server.upstream.dialects.request import GENERATING, DialectRequest, Shape
from hopcheck_server.upstream.dialects.template import JSON_HEADERS, Template, json_response
from hopcheck_server.upstream.playback.rendered import RenderedResponse, merged
from hopcheck_server.upstream.script.error_story import ErrorStory
from hopcheck_server.upstream.script.turns import Delivery, Turn

MAX_TEMPLATES = 4096
"""How many templates are kept."""

NOT_EXPRESSIBLE = 501
"""The status of the error that answers a script which the dialect can't express."""


COMMENT = b": keep-alive\n\n"
"""What a stream begins with that is kept alive before there is anything to say."""


class Renderer:
    """Renders turns; what is the same for every attempt is rendered once and kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str, Shape, bool], tuple[Turn, Template]] = {}

    def render(self, turn: Turn, request: DialectRequest, tag: bytes, marked: bool = False) -> RenderedResponse:
        """Render a turn for a request.

        Args:
            turn: What is to be sent.
            request: The request.
            tag: What the response's ids end with.
            marked: Whether the request has a marker; the default content then ends with the response's id.
        """
        dialect = request.dialect
        failure = turn.completion.failure if turn.completion is not None else None
        if failure is not None and not request.shape.stream:
            return _error(turn, dialect, tag, failure.status, failure)
        if (turn.completion is not None or turn.events is not None) and request.kind in GENERATING:
            return self._generated(turn, request, tag, marked)
        if turn.body is not None:
            return json_response(turn, tag, turn.body, dialect.request_id_header)
        if turn.error is not None:
            scripted = replace(turn, headers=merged(JSON_HEADERS, turn.headers))
            body = json.dumps(dialect.error_body(turn.status, turn.error, tag.decode())).encode()
            return json_response(scripted, tag, body, dialect.request_id_header)
        if turn.embedding is not None:
            return _answer(turn, request, tag)
        refusal = dialect.refusal(request)
        if refusal is not None:
            return _error(turn, dialect, tag, *refusal)
        if request.kind in GENERATING:
            return self._generated(turn, request, tag, marked)
        return _answer(turn, request, tag)

    def _generated(self, turn: Turn, request: DialectRequest, tag: bytes, marked: bool) -> RenderedResponse:
        dialect = request.dialect
        key = id(turn), dialect.name, request.shape, marked
        kept = self._kept.get(key)  # with its turn, so that the turn's id stays its own
        if kept is None:
            obstacle = dialect.obstacle(turn)
            if obstacle:
                return _unexpressed(turn, dialect, tag, obstacle)
            if len(self._kept) >= MAX_TEMPLATES:
                self._kept.clear()
            kept = self._kept[key] = turn, dialect.template(turn, request.shape, marked=marked)
        response = kept[1].fill(request.model, tag)
        if response.stream:
            _begin(response, dialect, turn.delivery)
        return response


def _begin(response: RenderedResponse, dialect: Dialect, delivery: Delivery) -> None:
    """Let a stream begin with a comment, and one of its events be malformed, where its turn says so."""
    response.leading_events = dialect.leading_events + delivery.comment
    if delivery.comment:
        response.pieces = [COMMENT, *response.pieces]
    if delivery.malformed_event is not None:
        response.pieces = [*_malformed(response.pieces, delivery.malformed_event + response.leading_events)]


def _malformed(pieces: Iterable[bytes], place: int) -> Iterator[bytes]:
    """The pieces; that one lacks the last quarter of its text, and not its line ends."""
    for number, piece in enumerate(pieces):
        text = piece.rstrip(b"\r\n")
        yield text[: len(text) * 3 // 4] + piece[len(text) :] if number == place else piece


def _answer(turn: Turn, request: DialectRequest, tag: bytes) -> RenderedResponse:
    obstacle = "" if turn.embedding is None else request.dialect.obstacle(turn)
    if obstacle:
        return _unexpressed(turn, request.dialect, tag, obstacle)
    body = request.dialect.answer(request, turn.embedding)
    return json_response(turn, tag, compact(body).encode(), request.dialect.request_id_header)


def _unexpressed(turn: Turn, dialect: Dialect, tag: bytes, obstacle: str) -> RenderedResponse:
    story = ErrorStory(message=f"hopcheck's script can't be expressed here: {obstacle}", type="not_expressible")
    return _error(turn, dialect, tag, NOT_EXPRESSIBLE, story)


def _error(turn: Turn, dialect: Dialect, tag: bytes, status: int, error: ErrorStory) -> RenderedResponse:
    body = compact(dialect.error_body(status, error, tag.decode()))
    return json_response(turn, tag, body.encode(), dialect.request_id_header, status)
