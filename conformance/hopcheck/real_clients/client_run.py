"""What is seen of one run of a client: by its user, and by the provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from hopcheck_server.upstream.journal.attempt import Attempt

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class ClientRun:
    """One run of a client.

    Attributes:
        exit_code: Of its process; None if it was ended, because its time was over.
        text: The answer that it showed.
        failure: What it showed of a failure; "" if nothing.
        hosts: Where else it tried to connect to.
        duration_s: How long it ran.
    """

    exit_code: int | None
    text: str = ""
    failure: str = ""
    hosts: Sequence[str] = field(default_factory=tuple)
    duration_s: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether a script that has called it goes on."""
        return self.exit_code == 0

    @property
    def shown(self) -> str:
        """All that its user saw."""
        return " ".join(part for part in (self.text, self.failure) if part)


def pauses_s(attempts: Sequence[Attempt]) -> list[float]:
    """The time between the arrival of one attempt and the next, in seconds."""
    times = [attempt.received_ns for attempt in attempts]
    return [(after - before) / SECOND_NS for before, after in pairwise(times)]
