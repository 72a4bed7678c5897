"""One request that arrived at the upstream, as others see it: a value, also as JSON."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

from hopcheck_contracts.bounded_json import loads_or_none
from hopcheck_server.secret_search import written_forms
from hopcheck_server.upstream.dialects.registry import all_dialects

Ending = Literal["", "answered", "hung-up", "cut", "released"]
"""How an attempt ended: answered in full; the proxy hung up first; cut by the script; let go when its case ended."""


KEY_HEADERS = all_dialects().credential_headers - {"authorization"}
"""Headers whose value is a key."""


class SentResponse(NamedTuple):
    """What the upstream sent in answer to an attempt.

    Attributes:
        status: The HTTP status.
        headers: In order, names as they were written; without those that frame the body.
        body: What was sent of it by now, neither compressed nor framed.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(slots=True)
class Attempt:
    """One request that arrived at the upstream. Times are CLOCK_MONOTONIC nanoseconds of the upstream's host.

    Attributes:
        marker: The full marker, or "".
        script: The script's name in the marker (a case's id, or `<id>~<variant>`), or "".
        number: Which attempt of its marker this is, from 1.
        model: The model that it names, or "".
        method: The HTTP method.
        path: The request target, with its query.
        headers: As they came, in order; names in lower case.
        body: The raw body (decoded from chunks).
        connection: Number of the TCP connection, unique within the upstream's life.
        received_ns: When the last byte of the request was read.
        head_sent_ns: When the response's headers were written, or 0.
        sent: (time, bytes) of each write of body bytes, counted before gzip and chunk framing; one per event in a
            stream that isn't split or joined.
        ended_ns: When it ended, or 0.
        ended: How it ended, or "" while it goes on.
        response: What was sent to it; None if that isn't known.
    """

    marker: str
    script: str
    number: int
    model: str
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    received_ns: int
    head_sent_ns: int = 0
    sent: list[tuple[int, int]] = field(default_factory=list)
    ended_ns: int = 0
    ended: Ending = ""
    response: SentResponse | None = None

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    @property
    def json(self) -> Any:
        """The body as JSON, or None if it isn't, or is beyond the bounds of `bounded_json`."""
        return loads_or_none(self.body)

    @property
    def key(self) -> str:
        """The credential that came with it: the bearer key, or that of another dialect's header, or ""."""
        bearer = self.header("authorization") or ""
        scheme, _, token = bearer.partition(" ")
        if scheme.lower() == "bearer":
            return token
        return next((value for name, value in self.headers if name in KEY_HEADERS), "")

    @property
    def route(self) -> tuple[str, str, str]:
        """What a proxy changes when it falls back: path, model and credential. Each alone may stay the same."""
        return self.path, self.model, self.key

    def where(self, text: str) -> list[str]:
        """Where a text stands: `path`, `header <name>`, `body`; an empty text stands nowhere."""
        if not text:
            return []
        places = ["path"] if text in self.path else []
        places += [f"header {name}" for name, value in self.headers if text in value]
        return [*places, "body"] if text.encode() in self.body else places

    def where_secret(self, secret: str) -> list[str]:
        """Where a secret stands (see `where`), as it is, in base64, in hex or reversed."""
        return list(dict.fromkeys(place for form in written_forms(secret) for place in self.where(form)))


class Times(NamedTuple):
    """When an attempt went through the upstream, and nothing else of it; see `Attempt`.

    Attributes:
        first_sent_ns: When the first body bytes were written, or 0.
        last_sent_ns: When the last were, or 0.
    """

    marker: str
    number: int
    received_ns: int
    head_sent_ns: int
    first_sent_ns: int
    last_sent_ns: int
    ended_ns: int


def to_json(attempt: Attempt, *, with_response: bool = True) -> dict[str, Any]:
    """An attempt as a JSON object; bodies in base64."""
    values = {slot.name: getattr(attempt, slot.name) for slot in fields(attempt)}
    response = attempt.response if with_response else None
    shown = response and {**response._asdict(), "body": _to_text(response.body)}
    return {**values, "body": _to_text(attempt.body), "response": shown}


def from_json(values: dict[str, Any]) -> Attempt:
    """Read what `to_json` wrote.

    Raises:
        TypeError, KeyError, ValueError: It is no attempt.
    """
    sent = [(at, size) for at, size in values["sent"]]
    response = values.get("response")
    if response is not None:
        response = SentResponse(response["status"], _pairs(response["headers"]), base64.b64decode(response["body"]))
    read = {"headers": _pairs(values["headers"]), "sent": sent, "body": base64.b64decode(values["body"])}
    return Attempt(**{**values, **read, "response": response})


def _pairs(values: list[list[str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values]


def _to_text(body: bytes) -> str:
    return base64.b64encode(body).decode()
