"""One exchange with both its sides: a client's request with its response, and the attempts that it led to."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hopcheck.authoring.registry import Case
from hopcheck.client import Response
from hopcheck.client.operations import operation_of
from hopcheck.client.operations.contract_path import contract_path, plain_path
from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_contracts.schemas import STREAM_TYPE
from hopcheck_contracts.sse import Event, EventParser
from hopcheck_server.upstream.journal.attempt import Attempt, SentResponse
from hopcheck_server.upstream.script.marker import Marker

MAX_INFLATED_BYTES = 16 * 1024 * 1024
"""What a compressed body is judged by: its first bytes, decompressed."""

_INFLATED = ("gzip", "x-gzip", "deflate")


SAMPLE_BYTES = 32 * 1024
"""Of a body that are searched for what doesn't belong there: half of them at its beginning, half at its end."""


@dataclass(frozen=True)
class Message:
    """A response as its body reads, on either side.

    Attributes:
        status: The HTTP status.
        headers: In order, names as they were written.
        body: Without its content coding; None where nobody knows how to undo that.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes | None

    @classmethod
    def of_provider(cls, sent: SentResponse) -> Message:
        """What the upstream sent."""
        return cls(sent.status, sent.headers, sent.body)

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @cached_property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def streams(self) -> bool:
        """Whether it is an event stream."""
        return self.media_type == STREAM_TYPE

    @cached_property
    def sample(self) -> str:
        """The body's text, of a long one its beginning and its end."""
        body, half = self.body or b"", SAMPLE_BYTES // 2
        short = body if len(body) <= SAMPLE_BYTES else body[:half] + b"\n" + body[-half:]
        return short.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None if it isn't."""
        return loads_or_none(self.body or b"")

    @cached_property
    def parsed(self) -> tuple[list[Event], bytes]:
        """The events of the stream, and what follows the last one without its end."""
        parser = EventParser()
        events = parser.feed(self.body or b"") if self.streams else []
        return events, parser.rest

    @property
    def events(self) -> list[Event]:
        """The events of the stream, comments included."""
        return self.parsed[0]

    @cached_property
    def payloads(self) -> list[Any]:
        """The JSON of the stream's events, without `[DONE]`; None for what isn't JSON."""
        return [event.json for event in self.events if event.data and not event.is_done]

    @cached_property
    def error(self) -> Mapping[str, Any] | None:
        """The error object of the body, or of the first error event."""
        bodies = self.payloads if self.streams else [self.json]
        errors = (body.get("error") for body in bodies if isinstance(body, dict))
        return next((error for error in errors if isinstance(error, dict)), None)


@dataclass(frozen=True)
class Exchange:
    """A client's request, its response, and the attempts that it led to.

    Attributes:
        number: Its place among the case's exchanges, from 0.
        response: What the client was answered.
        attempts: What reached the upstream for it.
        operation: How the target was asked.
        path: The request's path as the contracts have it.
        is_shared: Whether other requests of the case have the same marker, so that nobody knows whose its attempts are.
    """

    number: int
    response: Response
    attempts: tuple[Attempt, ...]
    operation: str
    path: str
    is_shared: bool = False

    @cached_property
    def asked(self) -> Mapping[str, Any] | None:
        """The request's JSON object; None if it has none."""
        body = self.response.sent.json
        return body if isinstance(body, dict) else None

    @cached_property
    def answer(self) -> Message:
        """What the client was answered."""
        return Message(self.response.status or 0, self.response.headers, plain_body(self.response))

    @cached_property
    def given(self) -> tuple[Message | None, ...]:
        """What the upstream sent to each attempt; None where that isn't known."""
        sent = (attempt.response for attempt in self.attempts)
        return tuple(Message.of_provider(one) if one is not None else None for one in sent)

    @property
    def about(self) -> str:
        """Request and status in a few words."""
        sent = self.response.sent
        return f"{sent.method} {plain_path(sent.url)} {self.response.status or self.response.ended}"


def exchanges_of(
    case: Case, responses: Sequence[Response], attempts: Sequence[Attempt], base_path: str
) -> list[Exchange]:
    """The exchanges of a case; those that another case has asked for, and shares, belong to that one."""
    by_marker: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_marker.setdefault(attempt.marker, []).append(attempt)
    uses = Counter(response.marker for response in responses)
    return [
        Exchange(
            number,
            response,
            tuple(by_marker.get(response.marker, ())) if response.marker else (),
            operation_of(response.sent.method, response.sent.url, response.sent.json),
            contract_path(response.sent.url, base_path),
            is_shared=bool(response.marker) and uses[response.marker] > 1,
        )
        for number, response in enumerate(responses)
        if not response.marker or _is_of(response.marker, case)
    ]


def _is_of(marker: str, case: Case) -> bool:
    parsed = Marker.parse(marker)
    return (parsed.case, parsed.operation) == (case.id, case.operation)


def plain_body(response: Response) -> bytes | None:
    """The body as it was before it was compressed; None where nobody knows."""
    coding = (response.header("content-encoding") or "identity").strip().lower()
    if coding == "identity":
        return response.body
    if coding not in _INFLATED:
        return None
    try:
        return zlib.decompressobj(wbits=47).decompress(response.body, MAX_INFLATED_BYTES)
    except zlib.error:
        return None  # cases judge that
