"""Requests that came before, byte by byte: what they said is known, and so is their answer.

Most load is the same few requests over and over. The bytes are all that is compared, so nothing is taken for a repeat
that isn't one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hopcheck_server.upstream.dialects.openai_whole import Whole
from hopcheck_server.upstream.journal.arrival import Arrival
from hopcheck_server.upstream.script.turns import Script

KEPT = 1024
"""How many requests are remembered."""

LARGEST = 8192
"""Bytes of the largest request that is remembered, with its head."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that was answered at once.

    Attributes:
        like: The arrival that it was.
        whole: Its answer.
        script: The script by the name in its marker; while that is the same, so is the answer.
    """

    like: Arrival
    whole: Whole
    script: Script | None


class Repeats:
    """What is remembered.

    Attributes:
        known: By the bytes of the request.
    """

    def __init__(self, scripts: Mapping[str, Script]) -> None:
        """Begin with nothing.

        Args:
            scripts: What the upstream plays; it may change.
        """
        self.known: dict[bytes, Repeat] = {}
        self._scripts = scripts

    def learn(self, text: bytes, arrival: Arrival, whole: Whole) -> None:
        """Remember how a request was answered, unless it is too large, or the answer changes with the attempts."""
        script = self._scripts.get(arrival.script)
        if not 0 < len(text) <= LARGEST or (script is not None and not script.steady):
            return
        if len(self.known) >= KEPT:
            self.known.clear()
        self.known[text] = Repeat(arrival, whole, script)

    def recall(self, text: bytes) -> Repeat | None:
        """What is known of a request, if it would be answered in the same way now."""
        repeat = self.known.get(text)
        if repeat is None or self._scripts.get(repeat.like.script) is not repeat.script:
            return None
        return repeat

    def clear(self) -> None:
        """Forget all: something else than a script has changed."""
        self.known.clear()
