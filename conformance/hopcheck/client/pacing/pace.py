"""How fast a run may ask a target that limits its rate.

Nothing is held back until the target refuses a request because of a limit of its own. Then the run rests, as long as
the target says (Retry-After) or until it is let through again, and goes on at a rate that it adapts to what is refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from itertools import takewhile

from hopcheck.client.pacing.rate_control import RateControl
from hopcheck.client.responses import Untestable

FIRST_PAUSE_S, MAX_PAUSE_S, MAX_ANNOUNCED_S = 0.25, 8.0, 60.0
"""How long a run rests after a refusal, in seconds: doubled while it is refused, up to the second; where the target
names a time, that, up to the third."""

LAG_S = 0.05
"""Requests that are late by up to that many seconds are made up for: the rate means what is really asked."""

FEW, FEW_WAIT_S, LONG_WAIT_S = 10, 20.0, 65.0
"""How long nothing may pass, in seconds, until the run gives up waiting: for a target that has let fewer requests than
that through so far, and for others, whose limit may be counted by the minute."""

PEAK_S = 60.0
"""The first rate is the most that passed in that many seconds: limits are counted by the second or by the minute, and
what passed while cases asked for little shows no limit."""

NOTHING_PASSES = "the target limits its rate, and lets no request through"


class Pace:
    """The pace of a run: one object, shared by all its cases. Requests are let go in the order in which they come.

    Attributes:
        refusals: How often the target refused.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, longest_wait_s: float = LONG_WAIT_S) -> None:
        """Nothing is held back yet.

        Args:
            clock: The time in seconds.
            longest_wait_s: Bounds how long nothing may pass.
        """
        self.refusals = 0
        self._clock = clock
        self._longest_wait_s = longest_wait_s
        self._rate = RateControl()
        self._queue = asyncio.Lock()
        self._began = clock()
        self._next = 0.0
        self._passed = self._peak = 0
        self._recent: deque[float] = deque()
        self._resting, self._too_long = False, False
        self._pause_s = FIRST_PAUSE_S
        self._rest_began = self._refused_at = 0.0

    @property
    def rate(self) -> float | None:
        """Requests a second that are let go; None while there is no limit."""
        return self._rate.per_s

    @property
    def is_limiting(self) -> bool:
        """Whether the target has refused a request because of a limit of its own."""
        return self.refusals > 0

    @property
    def gave_up(self) -> bool:
        """Whether nothing has passed for so long, or the target says to wait for so long, that waiting has no use."""
        bound_s = min(FEW_WAIT_S if self._passed < FEW else LONG_WAIT_S, self._longest_wait_s)
        return self._resting and (self._too_long or self._clock() - self._rest_began > bound_s)

    def require_hope(self) -> None:
        """See that waiting has a use.

        Raises:
            Untestable: It has none: the target refuses everything.
        """
        if self.gave_up:
            raise Untestable(NOTHING_PASSES)

    async def admit(self) -> float:
        """Wait until the next request may be sent.

        Returns:
            When it was let go, by the pace's clock.

        Raises:
            Untestable: The target refuses everything.
        """
        async with self._queue:
            return await self._take_turn()

    async def admit_together(self, number: int) -> float | None:
        """Wait until that many requests may be sent at once, while all others are held back.

        Returns:
            When they were let go, by the pace's clock; None if the target lets fewer than that through in a second:
            then they have to go one by one.

        Raises:
            Untestable: The target refuses everything.
        """
        if self.rate is None:
            return self._clock()
        if number > self.rate:
            return None
        async with self._queue:
            await self._take_turn()
            quiet_s = number / self.rate
            await asyncio.sleep(quiet_s)  # the target's limit is a time
            now = self._clock()
            self._next = now + quiet_s
            return now

    async def _take_turn(self) -> float:
        if not self._passed:
            self._began = self._clock()
        held_back = False
        while (wait_s := self._next - self._clock()) > 0:
            self.require_hope()
            held_back = True
            await asyncio.sleep(wait_s)  # the target's limit is a time
        now = self._clock()
        if self._resting:  # one request tries whether the rest is over; the others wait for what it shows
            self._next = now + self._pause_s
        elif self.rate:
            if held_back and self._keeps_up(now, self.rate):
                self._rate.increase()
            self._next = max(self._next, now - LAG_S) + 1 / self.rate
        return now

    def passed(self, admitted_at: float) -> None:
        """Note that a request wasn't refused.

        Args:
            admitted_at: When it was let go. Those that were before a refusal say nothing of what passes after it.
        """
        self._passed += 1
        self._note_recent(self._clock())
        if self._resting and admitted_at > self._refused_at:
            self._resume()

    def refused(self, admitted_at: float, retry_after_s: float | None = None) -> None:
        """Note that the target has refused a request because of a limit of its own.

        Args:
            admitted_at: When it was let go. Of those that were under way together, one refusal counts.
            retry_after_s: The time that it named, in seconds.
        """
        self.refusals += 1
        if admitted_at <= self._refused_at:
            return
        now = self._refused_at = self._clock()
        if self._resting:
            self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S)
        else:
            self._resting, self._rest_began, self._pause_s = True, now, FIRST_PAUSE_S
            self._rate.decrease()
        if retry_after_s is not None:
            self._pause_s = min(max(retry_after_s, FIRST_PAUSE_S), MAX_ANNOUNCED_S)
        self._too_long = (retry_after_s or 0.0) > LONG_WAIT_S
        self._next = now + self._pause_s

    def _note_recent(self, now: float) -> None:
        self._recent.append(now)
        while self._recent[0] <= now - PEAK_S:
            self._recent.popleft()
        self._peak = max(self._peak, len(self._recent))

    def _keeps_up(self, now: float, rate: float) -> bool:
        """Whether lately half of the rate has passed at least: on a loaded machine, a higher one would show nothing."""
        window_s = max(1.0, 4 / rate)
        lately = sum(1 for _ in takewhile(lambda at: at > now - window_s, reversed(self._recent)))
        return lately >= rate * window_s / 2

    def _resume(self) -> None:
        now = self._clock()
        self._resting = False
        if self.rate is None:
            self._rate.estimate(self._peak, min(now - self._began, PEAK_S))
        self._next = now + 1 / (self.rate or 1.0)

    def note(self) -> str:
        """What the report says of it; "" while nothing was held back."""
        if not self.refusals:
            return ""
        pace = f", and was asked at most {self.rate:.3g} times a second at the end" if self.rate else ""
        times = "a request" if self.refusals == 1 else f"{self.refusals} requests"
        return f"the target limits its rate: it refused {times}{pace}"
