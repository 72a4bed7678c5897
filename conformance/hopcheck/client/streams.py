"""What came back as a stream, as a value that cases can ask short questions of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hopcheck.client.paths import JSON, dig, items, parsed
from hopcheck.client.responses import Response, SentRequest, arguments_of, call_of
from hopcheck_contracts.sse import DONE_DATA, Event, EventParser


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """An event, and when the read that completed it happened (CLOCK_MONOTONIC ns)."""

    at_ns: int
    event: Event


@dataclass(slots=True)
class Stream(Response):
    """A streamed answer. If the target answered otherwise, there are no events, and the fields of `Response` tell."""

    _parser: EventParser = field(default_factory=EventParser, init=False, repr=False, compare=False)
    _parsed: int = field(default=0, init=False, repr=False, compare=False)  # how many of the chunks
    _timed: list[TimedEvent] = field(default_factory=list, init=False, repr=False, compare=False)

    def begin_again(self, sent: SentRequest) -> None:
        """Forget what came: the request was sent once more."""
        Response.begin_again(self, sent)
        self._parser, self._parsed, self._timed = EventParser(), 0, []

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
        """The data of every event that has some, `[DONE]` included, which is that also with white space around it."""
        events = (timed.event for timed in self._events())
        return [DONE_DATA if event.is_done else event.data for event in events if event.data is not None]

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
        """The first error event of the stream, or the body's error object where it is no stream."""
        errors = [item["error"] for item in self.objects if isinstance(item, dict) and item.get("error")]
        return errors[0] if errors else dig(parsed(self.body), "error")

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

    def ends(self, index: int = 0) -> list[str]:
        """A choice's finish reasons, but for `error`: some servers write it next to an error, and it ends no answer."""
        return [reason for reason in self.finishes(index) if reason != "error"]

    @property
    def content(self) -> JSON:
        """The text of the first choice; None if no delta has any."""
        return self.joined() or None

    @property
    def model(self) -> JSON:
        """The model that the first chunk names."""
        return next((piece.get("model") for piece in self.pieces), None)

    @property
    def usages(self) -> list[JSON]:
        """Every usage object that isn't null."""
        return [piece["usage"] for piece in self.pieces if piece.get("usage") is not None]

    def tool_calls(self, index: int = 0) -> list[dict[str, JSON]]:
        """A choice's tool calls put together by their index, in its order: `{index, id, type, name, arguments}`."""
        calls: dict[str, dict[str, JSON]] = {}
        for part in (part for delta in self.deltas(index) for part in items(delta, "tool_calls")):
            delta = call_of(dig(part, "index"), part)
            call = calls.setdefault(repr(delta["index"]), {**delta, "arguments": ""})
            call.update({key: value for key, value in delta.items() if not call[key]})
            piece = arguments_of(part)
            call["arguments"] += piece if isinstance(piece, str) else "" if piece is None else repr(piece)
        return list(calls.values())

    @property
    def summary(self) -> dict[str, JSON]:
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
        """Whether the failure shows to a client: by the status, by an error event, or by broken framing."""
        return self.status != 200 or self.error is not None or self.ended in ("cut", "reset", "garbled", "too-large")

    @property
    def clean(self) -> bool:
        """Whether a client takes it for a whole response: ended as framed, no error, a finish reason, `[DONE]`."""
        finished = any(choice.get("finish_reason") for choice in self._choices())
        return self.ended == "complete" and self.error is None and finished and "[DONE]" in self.data
