"""What of a turn's response is the same for every attempt: rendered once, and filled in for each attempt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from json.encoder import encode_basestring
from typing import Protocol

from hopcheck_server.upstream.playback import rendered
from hopcheck_server.upstream.playback.rendered import BODILESS, RenderedResponse, head, merged, this_second
from hopcheck_server.upstream.playback.stamps import places
from hopcheck_server.upstream.script.turns import Choice, Completion, HeaderFields, Turn

JSON_HEADERS: HeaderFields = (("content-type", "application/json"),)

STREAM_HEADERS: HeaderFields = (
    ("content-type", "text/event-stream; charset=utf-8"),
    ("cache-control", "no-cache"),
)

TAG = "{hopcheck-tag}"
"""Stands in a template for what tells the response's ids from all others."""

MODEL = "{hopcheck-model}"
"""Stands within a JSON string for the model that was asked for."""

CREATED = "{hopcheck-created}"
"""Stands for the second of the response, in unix time."""

TIME = "{hopcheck-time}"
"""Stands for the same as RFC 3339 writes it."""

_SEPARATOR = b"\0"  # stands in no JSON text, where it is escaped


class Template(Protocol):
    """A response without what differs between attempts."""

    def fill(self, model: str, tag: bytes) -> RenderedResponse:
        """The response to an attempt.

        Args:
            model: The model that it asks for.
            tag: What the response's ids end with.
        """


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A template whose pieces have `TAG`, `MODEL` and `CREATED` where an attempt's own values belong.

    Attributes:
        body: All pieces.
        head: Status and headers.
        request_id: The header line of the request id, up to the tag; empty if there is none, or the script gives it.
        stream: Whether it is a stream.
        is_bodiless: Whether its status allows no body.
        is_plain: See `RenderedResponse`.
    """

    body: bytes
    head: bytes
    request_id: bytes
    stream: bool
    is_bodiless: bool
    is_plain: bool

    @classmethod
    def make(
        cls, turn: Turn, pieces: Iterable[str], *, headers: HeaderFields, request_id: str, stream: bool
    ) -> TextTemplate:
        """Make the template of a turn.

        Args:
            turn: The turn, for its status, headers and delivery.
            pieces: The body; in a stream, one piece for each event.
            headers: The dialect's own headers.
            request_id: The name of its request id's header, or "".
            stream: Whether it is a stream.
        """
        parts = [piece.encode() for piece in pieces]
        has_own = request_id and all(name.lower() != request_id for name, _ in turn.headers)
        return cls(
            _SEPARATOR.join(parts),
            head(turn.status, merged(headers, turn.headers)),
            f"{request_id}: req_hop".encode() if has_own else b"",
            stream,
            turn.status in BODILESS,
            not stream and rendered.is_plain(turn, sum(map(len, parts))),
        )

    def fill(self, model: str, tag: bytes) -> RenderedResponse:
        """See `Template`."""
        body = self.body.replace(TAG.encode(), tag).replace(MODEL.encode(), encode_basestring(model)[1:-1].encode())
        second = this_second()
        body = body.replace(CREATED.encode(), second.number).replace(TIME.encode(), second.rfc_3339)
        lines = b"%b%b%b\r\n" % (self.head, self.request_id, tag) if self.request_id else self.head
        return RenderedResponse(lines, body.split(_SEPARATOR), self.stream, self.is_bodiless, self.is_plain)


def stamped(completion: Completion, *, stream: bool) -> Completion:
    """The completion with a stamp in the place of each piece of text; of a whole text, once."""

    def choice(number: int, one: Choice) -> Choice:
        marks = places(number, one.text)
        return replace(one, text=marks if stream else marks[:1])

    return replace(completion, choices=tuple(choice(number, one) for number, one in enumerate(completion.choices)))


def json_response(turn: Turn, tag: bytes, body: bytes, request_id: str, status: int | None = None) -> RenderedResponse:
    """A response that nothing is kept of: JSON, unless the script's headers say otherwise."""
    code = turn.status if status is None else status
    own = ((request_id, f"req_hop{tag.decode()}"),) if request_id else ()
    lines = head(code, merged(JSON_HEADERS + own, turn.headers))
    plain = rendered.is_plain(turn, len(body)) and code not in BODILESS
    return RenderedResponse(lines, [body], bodiless=code in BODILESS, is_plain=plain)
