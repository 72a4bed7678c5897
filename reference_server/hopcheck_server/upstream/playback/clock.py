"""One alarm for all players: who is due in the same tick goes on in the same turn of the event loop.

A timer for each event of each stream costs the loop more than writing the event does.
"""

from __future__ import annotations

import asyncio
import heapq
from time import monotonic
from typing import Protocol

from hopcheck_server.wire.timer import Alarm, alarm

SLACK_S = 0.0005
"""What is due within this time may go on now, when the clock turns anyway."""

TICK_S = 0.001
"""Two turns are in different ticks; these are on an absolute grid, so that the work of a turn delays no later one."""

SLOTS_A_SECOND = 5000
"""Sleepers in the same slot of time are woken together, when the first that came is due: sorting each by itself costs
more than writing its event does. A slot is shorter than half of `SLACK_S`, so that nobody is woken too early."""


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
        self._slots: dict[int, list[Sleeper]] = {}
        self._heap: list[tuple[float, int]] = []  # of each slot, when it is woken
        self._alarm: Alarm | None = None
        self._set_for = 0.0  # whom the alarm is set for; 0 if it isn't
        self._tick = 0.0  # when the next one begins
        self._turning = False

    def wake(self, sleeper: Sleeper, due: float) -> None:
        """Wake someone at that time, unless `due` has changed by then."""
        if sleeper.due == due:
            return
        sleeper.due = due
        number = int(due * SLOTS_A_SECOND)
        slot = self._slots.get(number)
        if slot is not None:
            slot.append(sleeper)
            return
        self._slots[number] = [sleeper]
        heapq.heappush(self._heap, (due, number))
        if not self._turning and (not self._set_for or due < self._set_for):
            self._arm()

    def close(self) -> None:
        """Wake nobody any more."""
        self._heap.clear()
        self._slots.clear()
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
        self._wake_all(now)
        self._turning = False
        if self._heap:
            self._arm()

    def _wake_all(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now + SLACK_S / 2:
            _, number = heapq.heappop(self._heap)
            for sleeper in self._slots.pop(number):
                if 0.0 < sleeper.due <= now + SLACK_S:
                    sleeper.due = 0.0
                    try:
                        sleeper.step()
                    except Exception as error:  # the loop reports it, and the others go on
                        _report(error)


def _report(error: Exception) -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "a sleeper failed", "exception": error})
