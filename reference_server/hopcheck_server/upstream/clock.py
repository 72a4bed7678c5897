"""One timer for all players: who is due in the same tick of the loop's clock goes on in the same turn of the loop.

A timer for each event of each stream costs the loop more than writing the event does.
"""

from __future__ import annotations

import asyncio
import heapq
from time import monotonic
from typing import Protocol

SLACK_S = 0.0005
"""What is due within this time is due now: event loops keep time in whole milliseconds, and would be late or spin."""

TICK_S = 0.001
"""The least time between two turns."""


class Sleeper(Protocol):
    """Who waits.

    Attributes:
        due: What time it waits for (`time.monotonic`); 0 if for none.
    """

    due: float

    def wake(self) -> None:
        """The time has come."""


class Clock:
    """Wakes sleepers when they are due. Used from one event loop."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._count = 0  # keeps the order among equals
        self._armed = 0.0
        self._turning = False
        self._timer: asyncio.TimerHandle | None = None

    def wake(self, sleeper: Sleeper, due: float) -> None:
        """Wake someone at that time, unless `due` has changed by then."""
        if sleeper.due == due:
            return
        sleeper.due = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, sleeper))
        if not self._turning and (self._timer is None or due < self._armed):
            self._arm()

    def close(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._armed = self._heap[0][0]
        self._timer = asyncio.get_running_loop().call_later(max(TICK_S, self._armed - monotonic()), self._turn)

    def _turn(self) -> None:
        self._timer, self._turning = None, True
        try:
            self._wake_all(monotonic() + SLACK_S)
        finally:  # a mistake in one answer is reported by the loop, and the others go on
            self._turning = False
            if self._heap:
                self._arm()

    def _wake_all(self, limit: float) -> None:
        heap = self._heap
        while heap and heap[0][0] <= limit:
            due, _, sleeper = heapq.heappop(heap)
            if sleeper.due == due:
                sleeper.due = 0.0
                sleeper.wake()
