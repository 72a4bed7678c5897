"""What a request's bytes say: its marker and what it asks for. Worked out once for bytes that come again."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from hopcheck_server.upstream.dialects.openai_ask import Ask
from hopcheck_server.upstream.journal.arrival import RequestHead
from hopcheck_server.upstream.script.marker import Marker

KEPT = 1024
"""How many readings are kept: a retry repeats its body, and so does most load."""

KEPT_BODY = 4096
"""The largest body, in bytes, whose reading is kept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request says.

    Attributes:
        marker: The full marker, or "".
        script: The script's name in the marker, or "".
        ask: What the dialect reads.
        seed: Hexadecimal digits that ids are made of: they depend on the marker, or without one on the body.
    """

    marker: str
    script: str
    ask: Ask
    seed: bytes


class Readings:
    """Reads requests, and remembers."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, bytes, bytes], Reading] = {}

    def read(self, head: RequestHead, body: bytes) -> Reading:
        """Read a request."""
        if len(body) > KEPT_BODY:
            return _read(head, body)
        key = head.method, head.url, body
        reading = self._kept.get(key)
        if reading is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            reading = self._kept[key] = _read(head, body)
        return reading


def _read(head: RequestHead, body: bytes) -> Reading:
    found = Marker.find(body)
    marker, script = (str(found), found.script) if found else ("", "")
    seed = zlib.crc32(marker.encode() or body[-KEPT_BODY:])
    return Reading(marker, script, Ask(head.method, head.url, body), b"%08x" % seed)
