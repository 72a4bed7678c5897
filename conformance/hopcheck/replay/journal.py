"""The replay server's journal: the proxy's requests, and the attempts at the provider they would cause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic_ns

from hopcheck.replay.attempts import ReplayedAttempt
from hopcheck.replay.provider_responses import with_responses
from hopcheck_server.upstream.journal.attempt import Attempt
from hopcheck_server.upstream.journal.journal import Journal
from hopcheck_server.upstream.script.turns import Script


class ReplayJournal(Journal):
    """Keeps the proxy's requests, and returns attempts at the provider as the journal of an upstream would.

    Attributes:
        scripts: What the provider played in the recordings.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scripts: dict[str, Script] = {}

    def requests(self, marker: str) -> list[Attempt]:
        """The proxy's own requests with a marker."""
        return super().attempts(marker)

    def attempts(self, marker: str) -> list[Attempt]:
        """The attempts at the provider so far, in the order of their arrival, with the provider's responses."""
        return list(with_responses(self._made(marker), self.scripts))

    def _made(self, marker: str) -> list[Attempt]:
        now = monotonic_ns()
        made = [attempt for played in self._played(marker) for attempt in played.at_provider(now)]
        made.sort(key=lambda attempt: attempt.received_ns)
        return [replace(attempt, number=number) for number, attempt in enumerate(made, start=1)]

    def unmarked(self, since_ns: int = 0) -> list[Attempt]:
        """The attempts at the provider without a marker that were made at that time or later."""
        now = monotonic_ns()
        asked = (played for played in self._unmarked if isinstance(played, ReplayedAttempt))
        made = (attempt for played in asked for attempt in played.at_provider(now))
        return [attempt for attempt in made if attempt.received_ns >= since_ns]

    def release(self, marker: str) -> None:
        """Note that the case releases what the provider holds."""
        for played in self._played(marker):
            if not played.released.is_set():
                played.released_ns = monotonic_ns()
                played.released.set()
        self._wake(marker)

    def open_requests(self, marker: str) -> list[ReplayedAttempt]:
        """The requests of a marker that are still being answered."""
        return [played for played in self._played(marker) if not played.ended]

    async def wait(self, marker: str, *, attempts: int = 1, ended: bool = True, timeout_s: float) -> list[Attempt]:
        """Wait for a number of attempts and, if `ended`, for the end of all of them (see `Journal.wait`)."""
        deadline_ns = monotonic_ns() + round(timeout_s * 1e9)
        while True:
            seen = self._made(marker)
            ready = len(seen) >= attempts and not (ended and any(not one.ended for one in seen))
            now = monotonic_ns()
            if ready or now >= deadline_ns:
                return seen
            next_ns = min(deadline_ns, self._next_ns(marker, now, deadline_ns))
            await self._news(marker, (next_ns - now) / 1e9)

    def _next_ns(self, marker: str, now: int, otherwise: int) -> int:
        """When the attempts of a marker next change without further requests."""
        times = (at for played in self._played(marker) for at in played.changes_ns())
        return min((at for at in times if at > now), default=otherwise)

    def _played(self, marker: str) -> Iterator[ReplayedAttempt]:
        return (one for one in self.arrivals(marker) if isinstance(one, ReplayedAttempt))
