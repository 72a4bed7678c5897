"""A response, with short questions for cases to ask; `hopcheck.client.streams` has those about streams."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from hopcheck.client.paths import JSON, dig, items, parsed
from hopcheck_contracts.bounded_json import shared_json
from hopcheck_server.wire.responses import Ended

_EVIDENCE = frozenset({"sent", "status", "headers", "chunks", "ended"})
_READS = itertools.count(1)


@dataclass(frozen=True)
class SentRequest:
    """A request as it left.

    Attributes:
        marker: Its marker, or "".
        method: The HTTP method.
        url: The whole URL.
        headers: All of them, in order.
        body: The raw body.
        at_ns: When its last byte left, CLOCK_MONOTONIC.
    """

    marker: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at_ns: int

    @cached_property
    def json(self) -> JSON:
        """The body as JSON, not to be changed; None if it isn't."""
        return shared_json(self.body)


@dataclass(slots=True)
class Response:
    """The response to a request.

    Attributes:
        sent: The request.
        status: The HTTP status; None if no head came.
        headers: In order and case.
        chunks: Body bytes as they were read, each with its time (CLOCK_MONOTONIC ns).
        ended: How it ended: `complete` is what its framing promised.
        detail: What was seen where it didn't end well.
        head_at_ns: When its head was there, or 0.
        ended_at_ns: When it ended.
        version: Of HTTP.
        read_number: Grows whenever something of the response is read: the highest one is what a case read last, which
            is what its next finding is about.
    """

    sent: SentRequest
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    ended: Ended = "left"
    detail: str = ""
    head_at_ns: int = 0
    ended_at_ns: int = 0
    version: str = ""
    read_number: int = field(default=0, repr=False, compare=False)

    def begin_again(self, sent: SentRequest) -> None:
        """Forget what came: the request was sent once more."""
        self.sent, self.status, self.headers, self.chunks = sent, None, [], []
        self.ended, self.detail, self.head_at_ns, self.ended_at_ns, self.version = "left", "", 0, 0, ""

    @property
    def marker(self) -> str:
        """The request's marker."""
        return self.sent.marker

    @property
    def body(self) -> bytes:
        """The whole body, without its framing."""
        return b"".join(data for _, data in self.chunks)

    @property
    def text(self) -> str:
        """The whole body as text; bytes that aren't UTF-8 are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> JSON:
        """The body as JSON; None if it isn't."""
        return parsed(self.body)

    @property
    def elapsed_s(self) -> float:
        """From the request's last byte to the end of the response."""
        return (self.ended_at_ns - self.sent.at_ns) / 1e9

    def all(self, name: str) -> list[str]:
        """Every header of that name (any case)."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The first header of that name (any case); None if there is none."""
        return next(iter(self.all(name)), None)

    def listed(self, name: str) -> list[str]:
        """The values of a header that is a list, on however many lines it stands."""
        return [value.strip() for line in self.all(name) for value in line.split(",")]

    def where(self, text: str) -> list[str]:
        """Where a text stands: `header <name>`, `body`; an empty text stands nowhere."""
        if not text:
            return []
        places = [f"header {name.lower()}" for name, value in self.headers if text in value]
        return [*places, "body"] if text.encode() in self.body else places

    @property
    def retry_after_s(self) -> float | None:
        """How long it says to wait, in seconds (a Retry-After with a date counts from its head); None if it doesn't."""
        since_head_s = (time.monotonic_ns() - self.head_at_ns) / 1e9
        return announced_s(self.header("retry-after"), time.time() - since_head_s)

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case; "" if there is none."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def at(self, *path: str | int) -> JSON:
        """What stands at a path of the JSON body (`"choices", 0, "message"`); None where it leads nowhere."""
        return dig(self.json, *path)

    @property
    def error(self) -> JSON:
        """The body's error object; None if there is none."""
        return self.at("error")

    @property
    def message(self) -> JSON:
        """The first choice's message; None if there is none."""
        return self.at("choices", 0, "message")

    @property
    def content(self) -> JSON:
        """The text of the first choice, whether it came in one piece or as a stream; None if there is none."""
        return dig(self.message, "content")

    @property
    def model(self) -> JSON:
        """The model that the response names."""
        return self.at("model")

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """A choice's tool calls, their index being their place: `{index, id, type, name, arguments}`."""
        calls = items(self.json, "choices", index, "message", "tool_calls")
        return [call_of(place, call) | {"arguments": arguments_of(call)} for place, call in enumerate(calls)]


class _Noted:
    """A field of a response that stands for what came of the request: reading it is noted."""

    def __init__(self, field_slot: Any) -> None:
        self._slot = field_slot

    def __get__(self, response: Response | None, owner: type[Response]) -> Any:
        if response is None:
            return self
        response.read_number = next(_READS)
        return self._slot.__get__(response)

    def __set__(self, response: Response, value: Any) -> None:
        self._slot.__set__(response, value)

    def unnoted(self, response: Response) -> Any:
        """The field's value, which doesn't count as read."""
        return self._slot.__get__(response)


for _name in _EVIDENCE:
    setattr(Response, _name, _Noted(Response.__dict__[_name]))


def sent_request(response: Response) -> SentRequest:
    """A response's request; this doesn't count as read."""
    sent: SentRequest = Response.__dict__["sent"].unnoted(response)
    return sent


def call_of(index: JSON, call: JSON) -> dict[str, JSON]:
    """A tool call without its arguments; its function's fields are among its own."""
    return {"index": index, "id": dig(call, "id"), "type": dig(call, "type"), "name": dig(call, "function", "name")}


def arguments_of(call: JSON) -> JSON:
    """A tool call's arguments; None if it has none."""
    return dig(call, "function", "arguments")


def announced_s(value: str | None, answered_at_s: float) -> float | None:
    """The time that a Retry-After names, in either of its forms (RFC 9110, section 10.2.3); None if it names none.

    Args:
        value: Whole seconds, or an HTTP date.
        answered_at_s: When the response came, as Unix time: a date is counted from there.
    """
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - answered_at_s
    except (ValueError, OverflowError):
        return None


class Untestable(Exception):
    """The question could not be put to the target; the text says why."""


class NotApplicable(Exception):
    """The question makes no sense for this target, as was seen while it was put; the text says why."""


def describe(response: Response) -> str:
    """A response in a few words, for reasons."""
    if response.status is None:
        return f"nothing ({response.detail or response.ended})"
    error = response.error
    text = error.get("message") if isinstance(error, dict) else response.text
    return f"{response.status} {json.dumps(shortened(str(text), 160), ensure_ascii=False)}"


def shortened(text: str, limit: int) -> str:
    """A text of at most that many characters; an ellipsis says that it was cut, which redaction heeds."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
