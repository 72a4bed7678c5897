"""Stamps: what deltas carry in place of their text, so that a client can compare each with what was sent.

A stamp is known only when its delta leaves, so templates hold places for them. A place that comes once more in a later
part, as a whole text after its deltas does, gets the stamp that it got before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from time import monotonic_ns

_BEGIN = b"{hopcheck-stamp-"
_PLACE = re.compile(rb"\{hopcheck-stamp-\d+-\d+\}")


def places(choice: int, pieces: Sequence[str]) -> tuple[str, ...]:
    """Return a place for the stamp of each piece of a choice's text."""
    return tuple(f"{_BEGIN.decode()}{choice}-{number}}}" for number in range(len(pieces)))


class Stamper:
    """Stamps one response's parts as they leave: `<sequence>:<monotonic ns>:<nonce>`, with the nonce of the request."""

    def __init__(self, marker: str) -> None:
        """Stamp nothing yet; without a marker, stamps have no nonce."""
        self._nonce = f":{marker.rpartition(':')[2]}".encode() if marker else b""
        self._given: dict[bytes, bytes] = {}

    def stamp(self, data: bytes) -> bytes:
        """Return a part with a stamp in each of its places."""
        return _PLACE.sub(self._stamp, data) if _BEGIN in data else data

    def _stamp(self, place: re.Match[bytes]) -> bytes:
        given = self._given
        if place[0] not in given:
            given[place[0]] = b"%d:%d%b" % (len(given), monotonic_ns(), self._nonce)
        return given[place[0]]
