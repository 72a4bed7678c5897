"""What came back: one answer, or one stream, as values that cases can ask short questions of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hopcheck.target.paths import JSON, dig, items, parsed
from hopcheck_contracts.sse import Event, EventParser
from hopcheck_server.http1.client import Ended


@dataclass(frozen=True, slots=True)
class Sent:
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

    @property
    def json(self) -> JSON:
        """The body as JSON; None if it isn't."""
        return parsed(self.body)


@dataclass(slots=True)
class Answer:
    """What a request got.

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
    """

    sent: Sent
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    chunks: list[tuple[int, bytes]] = field(default_factory=list)
    ended: Ended = "left"
    detail: str = ""
    head_at_ns: int = 0
    ended_at_ns: int = 0
    version: str = ""

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
        """From the request's last byte to the end of the answer."""
        return (self.ended_at_ns - self.sent.at_ns) / 1e9

    def all(self, name: str) -> list[str]:
        """Every header of that name (any case)."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The first header of that name (any case); None if there is none."""
        return next(iter(self.all(name)), None)

    def where(self, text: str) -> list[str]:
        """Where a text stands: `header <name>`, `body`; an empty text stands nowhere."""
        if not text:
            return []
        places = [f"header {name.lower()}" for name, value in self.headers if text in value]
        return [*places, "body"] if text.encode() in self.body else places

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

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """A choice's tool calls, their index being their place: `{index, id, type, name, arguments}`."""
        calls = items(self.json, "choices", index, "message", "tool_calls")
        return [_call(place, call) | {"arguments": _arguments(call)} for place, call in enumerate(calls)]


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event, and when the read that completed it happened (CLOCK_MONOTONIC ns)."""

    at_ns: int
    event: Event


@dataclass(slots=True)
class Stream(Answer):
    """A streamed answer. If the target answered otherwise, there are no events, and the fields of `Answer` tell."""

    _parser: EventParser = field(default_factory=EventParser, init=False, repr=False, compare=False)
    _parsed: int = field(default=0, init=False, repr=False, compare=False)  # how many of the chunks
    _timed: list[TimedEvent] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def events(self) -> list[TimedEvent]:
        """Every event, comments included, with its time."""
        return list(self._events())

    def _events(self) -> list[TimedEvent]:
        """The same, every chunk parsed once."""
        for at_ns, data in self.chunks[self._parsed :]:
            self._timed += [TimedEvent(at_ns, event) for event in self._parser.feed(data)]
        self._parsed = len(self.chunks)
        return self._timed

    def event_from(self, place: int) -> tuple[int, TimedEvent | None]:
        """The next data event from a place among the events on (None: none yet), and the place to go on from."""
        timed = self._events()
        for at in range(place, len(timed)):
            if timed[at].event.data is not None:
                return at + 1, timed[at]
        return len(timed), None

    @property
    def data(self) -> list[str]:
        """The data of every event that has some, `[DONE]` included."""
        return [timed.event.data for timed in self._events() if timed.event.data is not None]

    @property
    def objects(self) -> list[JSON]:
        """The data of every event but `[DONE]`, as JSON; None in the place of what isn't JSON."""
        return [timed.event.json for timed in self._events() if timed.event.data and not timed.event.is_done]

    @property
    def pieces(self) -> list[dict[str, JSON]]:
        """The objects that are chat chunks: JSON objects without an error."""
        return [item for item in self.objects if isinstance(item, dict) and not item.get("error")]

    @property
    def error(self) -> JSON:
        """The first error that the stream told in-band, or the body's error object where it is no stream."""
        told = [item["error"] for item in self.objects if isinstance(item, dict) and item.get("error")]
        return told[0] if told else dig(parsed(self.body), "error")

    def choices(self, index: int = 0) -> list[dict[str, JSON]]:
        """One choice of every piece that speaks of it."""
        return [choice for choice in self._choices() if choice.get("index") == index]

    def _choices(self) -> Iterator[dict[str, JSON]]:
        found = (choice for piece in self.pieces for choice in items(piece, "choices"))
        return (choice for choice in found if isinstance(choice, dict))

    def deltas(self, index: int = 0) -> list[dict[str, JSON]]:
        """A choice's deltas; what is no object (a missing or null delta, say) counts as {}."""
        deltas = (choice.get("delta") for choice in self.choices(index))
        return [delta if isinstance(delta, dict) else {} for delta in deltas]

    def joined(self, key: str = "content", index: int = 0) -> str:
        """A choice's text: the strings under `key` of its deltas, joined."""
        return "".join(delta[key] for delta in self.deltas(index) if isinstance(delta.get(key), str))

    def finishes(self, index: int = 0) -> list[str]:
        """A choice's finish reasons that aren't null."""
        return [choice["finish_reason"] for choice in self.choices(index) if choice.get("finish_reason") is not None]

    @property
    def usages(self) -> list[JSON]:
        """Every usage object that isn't null."""
        return [piece["usage"] for piece in self.pieces if piece.get("usage") is not None]

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """A choice's tool calls put together by their index, in its order: `{index, id, type, name, arguments}`."""
        calls: dict[str, dict[str, JSON]] = {}
        for part in (part for delta in self.deltas(index) for part in items(delta, "tool_calls")):
            said = _call(dig(part, "index"), part)
            call = calls.setdefault(repr(said["index"]), {**said, "arguments": ""})
            call.update({key: value for key, value in said.items() if not call[key]})
            piece = _arguments(part)
            call["arguments"] += piece if isinstance(piece, str) else "" if piece is None else repr(piece)
        return list(calls.values())

    @property
    def told(self) -> dict[str, JSON]:
        """What a client makes of the first choice: its text, its last finish reason, and whether `[DONE]` came."""
        last = next(reversed(self.finishes()), None)
        return {"text": self.joined(), "finish": last, "done": "[DONE]" in self.data}

    @property
    def unreadable(self) -> list[str]:
        """The data that clients choke on: neither `[DONE]` nor JSON."""
        events = [timed.event for timed in self._events() if timed.event.data is not None]
        return [event.data or "" for event in events if not event.is_done and event.json is None]

    @property
    def shows_failure(self) -> bool:
        """Whether a client is told that it failed: by the status, by an error in-band, or by broken framing."""
        return self.status != 200 or self.error is not None or self.ended in ("cut", "reset", "garbled")

    @property
    def clean(self) -> bool:
        """Whether a client takes it for a whole answer: ended as framed, no error, a finish reason, `[DONE]`."""
        finished = any(choice.get("finish_reason") for choice in self._choices())
        return self.ended == "complete" and self.error is None and finished and "[DONE]" in self.data


def _call(index: JSON, call: JSON) -> dict[str, JSON]:
    """A tool call without its arguments, its function's fields beside its own."""
    return {"index": index, "id": dig(call, "id"), "type": dig(call, "type"), "name": dig(call, "function", "name")}


def _arguments(call: JSON) -> JSON:
    return dig(call, "function", "arguments")
