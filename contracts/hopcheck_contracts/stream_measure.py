"""How much of a stream is read: the values that are made of its lines and events take far more memory than they do."""

from __future__ import annotations

MIB = 1024 * 1024

MAX_LINES = 100_000
"""Lines of a stream that are read."""

MAX_EVENT_BYTES = 2 * MIB
"""Bytes of an event that are read; the largest that a provider sends has 1 MiB."""

_BLANK_LINES = (b"\n\n", b"\n\r\n", b"\r\r")


class StreamMeasure:
    """Measures one stream, piece by piece."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lines = self._event_bytes = 0
        self._tail = b""

    def excess(self, data: bytes) -> str:
        """Take the next bytes; what is too much then, as a sentence, or ""."""
        self._lines += data.count(b"\n") + data.count(b"\r")
        known = self._tail + data
        end = max(map(known.rfind, _BLANK_LINES))
        self._event_bytes = self._event_bytes + len(data) if end < 0 else len(known) - end
        self._tail = data[-2:]
        if self._lines > MAX_LINES:
            return f"the stream had more than {MAX_LINES} lines and was not read further"
        if self._event_bytes > MAX_EVENT_BYTES:
            return f"an event of the stream exceeded {MAX_EVENT_BYTES // MIB} MiB and was not read further"
        return ""
