"""One alarm for all players: who is due in the same tick goes on in the same turn of the event loop.

A timer for each event of each stream costs the loop more than writing the event does.
"""

from __future__ import annotations

import heapq
from time import monotonic
from typing import Protocol

from hopcheck_server.wire.timer import Alarm, alarm

SLACK_S = 0.0005
"""What is due within this time is due now, when the clock turns anyway."""

TICK_S = 0.001
"""Two turns are in different ticks; these are on an absolute grid, so that the work of a turn delays no later one."""


class Sleeper(Protocol):
    """Who waits.

    Attributes:
        due: What time it waits for (`time.monotonic`); 0 if for none.
    """

    due: float

    def step(self) -> None:
        """Go on: the time has come."""


class Clock:
    """Wakes sleepers when they are due. Used from one event loop."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._count = 0  # keeps the order among equals
        self._alarm: Alarm | None = None
        self._set_for = 0.0  # whom the alarm is set for; 0 if it isn't
        self._tick = 0.0  # when the next one begins
        self._turning = False

    def wake(self, sleeper: Sleeper, due: float) -> None:
        """Wake someone at that time, unless `due` has changed by then."""
        if sleeper.due == due:
            return
        sleeper.due = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, sleeper))
        if not self._turning and (not self._set_for or due < self._set_for):
            self._arm()

    def close(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        if self._alarm:
            self._alarm.close()
            self._alarm = None

    def _arm(self) -> None:
        if self._alarm is None:
            self._alarm = alarm(self._turn)
        self._set_for = self._heap[0][0]
        self._alarm.set(max(self._set_for, self._tick))

    def _turn(self) -> None:
        now = monotonic()
        self._tick = now - now % TICK_S + TICK_S
        self._set_for, self._turning = 0.0, True
        try:
            self._wake_all(now + SLACK_S)
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
                sleeper.step()
