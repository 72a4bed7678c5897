"""How fast a run may ask a target that limits its rate.

Nothing is held back until the target refuses a request because of a limit of its own. Then the run waits, as long as
the target says (Retry-After) or until it is let through again, and from what passed in that time it knows the rate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from hopcheck.client.responses import Untestable

SHARE = 0.85
"""The share of the rate which a target takes that is asked for."""

FIRST_PAUSE_S, MAX_PAUSE_S = 0.3, 60.0
"""How long a run waits after a refusal, in seconds: doubled while it is refused, and never longer than the latter."""

GROWTH, FIRST_GROWS_AFTER, GROWS_AFTER = 1.1, 10, 40
"""The pace grows by that factor when this many requests that it held back have passed: sooner until it is met again."""

FEW, FEW_WAIT_S, LONG_WAIT_S = 10, 20.0, 65.0
"""How long nothing may pass, in seconds, until the run gives up waiting: for a target that has let fewer requests than
that through so far, and for others, whose limit may be counted by the minute."""


NOTHING_PASSES = "the target limits its rate, and lets no request through"


class Pace:
    """The pace of a run: one object, shared by all its cases.

    Attributes:
        rate: Requests a second that are let go; None while there is no limit.
        refusals: How often the target refused.
        waited_s: Seconds that requests were held back, all of them together.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, longest_wait_s: float = LONG_WAIT_S) -> None:
        """Nothing is held back yet; `longest_wait_s` bounds how long nothing may pass."""
        self.rate: float | None = None
        self.refusals = 0
        self.waited_s = 0.0
        self._clock = clock
        self._longest_wait_s = longest_wait_s
        self._next = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._resting = self._trying = False
        self._began = self._rest_began = clock()
        self._passed = self._passed_in_all = 0
        self._too_long = self._holds_back = False
        self._held_back = self._rests = 0

    @property
    def is_limiting(self) -> bool:
        """Whether the target has refused a request because of a limit of its own."""
        return self.refusals > 0

    @property
    def gave_up(self) -> bool:
        """Whether nothing has passed for so long, or the target says to wait for so long, that waiting has no use."""
        bound_s = min(FEW_WAIT_S if self._passed_in_all < FEW else LONG_WAIT_S, self._longest_wait_s)
        return self._resting and (self._too_long or self._clock() - self._rest_began > bound_s)

    async def admit(self) -> None:
        """Wait until the next request may be sent.

        Raises:
            Untestable: The target refuses everything.
        """
        while wait_s := self.reserve():
            self.require_hope()
            self.waited_s += wait_s
            await asyncio.sleep(wait_s)  # the target's limit is a time

    async def admit_together(self, number: int) -> bool:
        """Wait until that many requests may be sent at once, while all others are held back.

        Returns:
            False if the target lets fewer than that through in a second: then they have to go one by one.
        """
        if self.rate is None:
            return True
        if number > self.rate:
            return False
        await self.admit()
        quiet_s = number / self.rate
        self._next = max(self._next, self._clock()) + 2 * quiet_s  # before them, and after them
        self.waited_s += quiet_s
        await asyncio.sleep(quiet_s)  # the target's limit is a time
        return True

    def require_hope(self) -> None:
        """See that waiting has a use.

        Raises:
            Untestable: It has none: the target refuses everything.
        """
        if self.gave_up:
            raise Untestable(NOTHING_PASSES)

    def reserve(self) -> float:
        """Take the next place if it is free now; else returns in how many seconds to try again."""
        now = self._clock()
        if now < self._next:
            self._holds_back = True
            return self._next - now
        if self._resting:  # one request tries whether the rest is over; the others wait for what it shows
            self._trying, self._next = True, now + self._pause_s
        elif self.rate:
            self._next = now + 1 / self.rate
        return 0.0

    def passed(self) -> None:
        """Note that a request wasn't refused."""
        if self._resting:
            self._resume()
        self._passed += 1
        self._passed_in_all += 1
        if self.rate and self._holds_back:
            self._holds_back = False
            self._held_back += 1
            if self._held_back % (FIRST_GROWS_AFTER if self._rests == 1 else GROWS_AFTER) == 0:
                self.rate *= GROWTH

    def refused(self, retry_after_s: float | None = None) -> None:
        """Note that the target has refused a request because of a limit of its own.

        Args:
            retry_after_s: The time that it named, in seconds.
        """
        now = self._clock()
        self.refusals += 1
        if self._resting and not self._trying:
            return  # it was on its way together with the one that was refused before
        self._pause_s = min(2 * self._pause_s, MAX_PAUSE_S) if self._resting else FIRST_PAUSE_S
        self._rest_began = self._rest_began if self._resting else now
        if retry_after_s is not None:
            self._pause_s = min(max(retry_after_s, FIRST_PAUSE_S), MAX_PAUSE_S)
        self._too_long = (retry_after_s or 0.0) > LONG_WAIT_S
        self._resting, self._trying = True, False
        self._next = now + self._pause_s

    def _resume(self) -> None:
        """Work out the rate: what passed between two times at which the target let requests through again."""
        now = self._clock()
        self._resting = self._trying = False
        taken = max(self._passed, 1) / max(now - self._began, 1.0) * SHARE
        # what passed while cases asked for less than the pace shows no limit
        self.rate = min(SHARE * self.rate, max(taken, self.rate / 2)) if self.rate else taken
        self._rests += 1
        self._began, self._passed = now, 0
        self._next = now + 1 / self.rate

    def note(self) -> str:
        """What the report says of it; "" while nothing was held back."""
        if not self.refusals:
            return ""
        pace = f", and was asked at most {self.rate:.3g} times a second from then on" if self.rate else ""
        return f"the target limits its rate: it refused {self.refusals} requests{pace}"
