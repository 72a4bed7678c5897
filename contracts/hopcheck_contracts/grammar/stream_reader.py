"""What the grammars of all surfaces share: breaches, and a reader that takes a stream event by event."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar, NamedTuple

from hopcheck_contracts.documents import Boundary
from hopcheck_contracts.schemas import validate_event
from hopcheck_contracts.sse import Event, EventParser
from hopcheck_contracts.violations import MAX_VIOLATIONS, shown


class Breach(NamedTuple):
    """One rule that a stream breaks.

    Attributes:
        rule: Which; a member of the surface's rule enumeration.
        where: The event, counted from 1, as in `event 3`; or `the stream`.
        message: What was wrong there.
    """

    rule: StrEnum
    where: str
    message: str

    def __str__(self) -> str:
        """All of it, on one line."""
        return f"{self.rule}: {self.where}: {self.message}"


class StreamReader:
    """Reads a stream event by event, and keeps what it needs to know of those before.

    A surface's reader decides what it makes of a valid event (`take_payload`), and of the end of the stream (`end`).

    Attributes:
        schema: The rule that every event fits its schema.
        encoding: The rule that the stream is UTF-8.
        complete_events: The rule that every event is ended by a blank line.
        breaches: What was found so far.
        number: The event that is read, from 1; 0 once the stream is over.
        failed: Whether an error event came.
    """

    schema: ClassVar[StrEnum]
    encoding: ClassVar[StrEnum]
    complete_events: ClassVar[StrEnum]

    def __init__(self, boundary: Boundary) -> None:
        """Hold single events to the contract of this boundary."""
        self.breaches: list[Breach] = []
        self.number = 0
        self.failed = False
        self._boundary: Boundary = boundary

    def read(self, raw: bytes) -> list[Breach]:
        """Read the bytes of a whole stream; gives what it breaks."""
        parser = EventParser()
        events = parser.feed(raw)
        return self.judge(events, parser.rest)

    def judge(self, events: Iterable[Event], rest: bytes = b"") -> list[Breach]:
        """Read all events of a stream, and what follows the last of them without its end; gives what it breaks."""
        for event in events:
            self.number += 1
            self._take(event)
        self.number = 0
        self.end()
        if rest:
            self.breach(self.complete_events, f"ends within an event: {_sample(rest)}")
        return self.breaches[:MAX_VIOLATIONS]

    def _take(self, event: Event) -> None:
        """One without data (a comment) says nothing."""
        if not _is_utf8(event.raw):
            self.breach(self.encoding, f"is not UTF-8: {_sample(event.raw)}")
        if event.is_done:
            self.take_done()
        elif event.data is not None:
            self.take_data(event, event.data)

    def take_done(self) -> None:
        """Read `[DONE]`."""
        raise NotImplementedError

    def take_data(self, event: Event, data: str) -> None:
        """Read an event that carries data: hold it to its schema, and read on if it fits."""
        violations = validate_event(self._boundary, data)
        for violation in violations:
            self.breach(self.schema, str(violation))
        if violations:
            self.take_unfit(event)
        else:
            self.take_payload(event)

    def take_unfit(self, event: Event) -> None:
        """Read an event that doesn't fit its schema, which tells little."""

    def take_payload(self, event: Event) -> None:
        """Read an event that fits its schema."""
        raise NotImplementedError

    def end(self) -> None:
        """The stream is over."""
        raise NotImplementedError

    def breach(self, rule: StrEnum, message: str) -> None:
        """Note that the event which is read, or the stream as such, breaks a rule."""
        self.breaches.append(Breach(rule, f"event {self.number}" if self.number else "the stream", message))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sample(raw: bytes) -> str:
    return shown(raw[-80:].decode("utf-8", "backslashreplace"))
