"""Splits an event stream into events, as bytes (WHATWG HTML, 9.2), and writes events in one plain form."""

from __future__ import annotations

MAX_EVENT_BYTES = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """An event exceeds the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.limit = limit


class EventSplitter:
    """Collects chunks and gives whole events, line ends normalised to LF, without the blank line that ends them.

    Args:
        max_event_bytes: A larger event is refused.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit = max_event_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._carriage_return = b""
        self._at_start = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk; give the events that it completes.

        Raises:
            EventTooLarge: An event exceeds the limit.
        """
        if self._is_usual(chunk):
            text = chunk.strip(b"\n")
            return _without_blank_lines(text.split(b"\n\n")) if b"\n\n" in text or not text else [text]
        self._buffer += self._normalised(chunk)
        if self._at_start and len(self._buffer) >= len(_BOM):
            self._at_start = False
            if self._buffer.startswith(_BOM):
                del self._buffer[: len(_BOM)]
        return self._cut()

    @property
    def waiting_bytes(self) -> int:
        """The bytes of an event that isn't complete."""
        return len(self._buffer)

    def rest(self) -> bytes:
        """Return what followed the last blank line when the stream ended."""
        return bytes(self._buffer).strip(b"\n")

    def _is_usual(self, chunk: bytes) -> bool:
        """Whether it holds whole events alone, and nothing waits for them: so do most, and need no buffer then."""
        waits = self._buffer or self._carriage_return or self._at_start
        return not waits and chunk.endswith(b"\n\n") and b"\r" not in chunk

    def _normalised(self, chunk: bytes) -> bytes:
        if not self._carriage_return and b"\r" not in chunk:
            return chunk
        chunk = self._carriage_return + chunk
        # A CR at the end may be half of a CRLF.
        self._carriage_return = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk.removesuffix(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _cut(self) -> list[bytes]:
        events = []
        begin, search = 0, self._searched
        while (end := self._buffer.find(b"\n\n", search)) >= 0:
            events.append(bytes(self._buffer[begin:end]))
            begin = search = end + 2
        del self._buffer[:begin]
        if len(self._buffer) > self._limit:
            raise EventTooLarge(self._limit)
        # The next blank line may begin with the last byte that is here now.
        self._searched = max(len(self._buffer) - 1, 0)
        return _without_blank_lines(events)


def _without_blank_lines(events: list[bytes]) -> list[bytes]:
    return [stripped for event in events if (stripped := event.strip(b"\n"))]


def data_of(event: bytes) -> bytes | None:
    """Return the event's data, its lines joined by LF; None if it has no data field, like a comment."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    values = [value for line in event.split(b"\n") if (value := _data_value(line)) is not None]
    return b"\n".join(values) if values else None


def _data_value(line: bytes) -> bytes | None:
    if line == b"data":
        return b""
    return line[5:].removeprefix(b" ") if line.startswith(b"data:") else None


def comments_of(event: bytes) -> bytes:
    """Return the event's comment lines, ready to be sent; empty if there are none."""
    lines = [line for line in event.split(b"\n") if line.startswith(b":")]
    return b"\n".join(lines) + b"\n\n" if lines else b""


def data_event(data: bytes) -> bytes:
    """Make an event with one data line. JSON allows line ends only between its tokens, where a space does as well."""
    return b"data: " + data.replace(b"\n", b" ") + b"\n\n"


def named_event(name: str, data: bytes) -> bytes:
    """Make an event with a name and one data line."""
    return b"event: " + name.encode() + b"\n" + data_event(data)
