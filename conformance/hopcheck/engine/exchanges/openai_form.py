"""What a provider of another dialect sent, in the form that OpenAI's dialect has for the same story.

The upstream renders the story once more, for the client's own request, so responses of every provider are compared in
one form. Of an error only the message is the same in all dialects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hopcheck.client.providers.translated_attempt import foreign_dialect, request_of
from hopcheck.engine.exchanges.message import Message
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.playback.rendered import RenderedResponse
from hopcheck_server.upstream.responder import Responder
from hopcheck_server.upstream.script.turns import Delivery, Scripts
from hopcheck_server.wire.headers import Headers

_ERROR = b'data: {"error":'


def given_messages(
    attempts: Sequence[Attempt], path: str, asked: Mapping[str, Any] | None, scripts: Scripts
) -> tuple[Message | None, ...]:
    """What the upstream sent to each attempt of one request; None where that isn't known.

    Args:
        attempts: All of the request's.
        path: The request's path, as the contracts have it.
        asked: What the client asked for.
        scripts: What the upstream played.
    """
    if not any(foreign_dialect(one, path) for one in attempts):
        return tuple(Message.of_provider(one.response) if one.response else None for one in attempts)
    return tuple(_translated(attempts, path, asked or {}, scripts))


def _translated(
    attempts: Sequence[Attempt], path: str, asked: Mapping[str, Any], scripts: Scripts
) -> Iterator[Message | None]:
    own, common = Responder(scripts, Journal()), Responder(scripts, Journal())
    for attempt in attempts:
        as_sent, delivery = _rendered(own, attempt, attempt.path, attempt.body)
        body = {**asked, "model": attempt.model, "stream": request_of(attempt).shape.stream}
        in_common, _ = _rendered(common, attempt, path, json.dumps(body).encode())
        sent = attempt.response
        yield None if sent is None else _message(sent, in_common, _pieces_sent(attempt, as_sent, delivery))


def _rendered(responder: Responder, attempt: Attempt, path: str, body: bytes) -> tuple[RenderedResponse, Delivery]:
    arrival = Arrival(attempt.method, path, Headers(attempt.headers).fields(), body)
    arrival.marker, arrival.script = attempt.marker, attempt.script
    return responder.respond(arrival)


def _pieces_sent(attempt: Attempt, as_sent: RenderedResponse, delivery: Delivery) -> int | None:
    """How many pieces were sent of a response that did not reach its end; None for one that did."""
    if delivery.end_after_events is not None and as_sent.stream:
        return delivery.end_after_events - as_sent.leading_events
    sent_bytes, total = sum(size for _, size in attempt.sent), 0
    for number, piece in enumerate(as_sent.pieces):
        total += len(piece)
        if total > sent_bytes and attempt.ended != "answered":
            return max(0, number - as_sent.leading_events)
    return None


def _message(sent: SentResponse, rendered: RenderedResponse, pieces_sent: int | None) -> Message:
    pieces = list(rendered.pieces)
    pieces = pieces if pieces_sent is None else pieces[: min(pieces_sent + rendered.leading_events, len(pieces) - 1)]
    kept = [pair for pair in sent.headers if pair[0].lower() != "content-type"]
    media_type = "text/event-stream" if rendered.stream else "application/json"
    body = b"".join(_common(piece) if piece.startswith(_ERROR) else piece for piece in pieces)
    is_error = sent.status >= 400 and not rendered.stream
    return Message(sent.status, [*kept, ("content-type", media_type)], _common(body) if is_error else body)


def _common(error: bytes) -> bytes:
    """An error body, or an error event, with what all dialects have of it: the message."""
    before, brace, rest = error.partition(b"{")
    try:
        message = json.loads((brace + rest).strip())["error"]["message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return error
    end = b"\n\n" if before else b""
    return before + json.dumps({"error": {"message": message}}).encode() + end
